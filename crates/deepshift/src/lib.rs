#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod options;
mod race;
mod runner;

pub use deepshift_core::{Input, Kernel, Mode, Model};
pub use deepshift_lowering::LayerTime;
pub use error::{Error, Result};
pub use options::{Device, Options};
pub use runner::Runner;
