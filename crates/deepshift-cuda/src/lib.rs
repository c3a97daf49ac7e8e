#![doc = include_str!("../README.md")]
// Kernels are launched with addresses on the device.
#![allow(unsafe_code)]

mod error;
mod executor;
mod gpu;
mod launch;
mod parameters;
mod resident;

pub use deepshift_core::{Kernel, Mode};
pub use deepshift_lowering::LayerTime;
pub use error::{Error, Result};
pub use executor::{Executor, Options};
pub use gpu::Gpu;
