#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod executor;
mod gpu;
mod layer;
mod program;
mod record;
mod shader;
mod times;
#[cfg(test)]
mod variants;

pub use deepshift_core::{Kernel, Mode};
pub use deepshift_lowering::LayerTime;
pub use error::{Error, Result};
pub use executor::{Executor, Options};
pub use gpu::{Adapter, Gpu};
