//! Makes a shift network from a trained float network without training it: powers of two are chosen layer by layer, each
//! layer with what the layers before it, converted already, give on calibration pictures.
//!
//! `docs/convert.md` says what is computed and what it brings.
#![forbid(unsafe_code)]

mod convert;
mod correct;
mod equalize;
mod error;
mod layer;
mod matrix;
mod moments;
mod observe;
mod quadratic;
mod report;
mod round;
mod samples;
mod ties;
mod walk;

pub use convert::{Options, Progress, convert};
pub use error::{Error, Result};
pub use observe::observe;
pub use report::{Converted, LayerReport};
