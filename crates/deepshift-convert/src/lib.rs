#![doc = include_str!("../README.md")]
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
