#![doc = include_str!("../README.md")]

#[doc(hidden)]
pub mod bench;
mod context;
mod depthwise;
mod error;
mod executor;
mod float;
mod geometry;
mod integer;
mod isa;
mod kernels;
mod movement;
mod nodes;
mod options;
mod pack;
mod plan;
mod pool;
mod rescale;
mod workers;

pub use deepshift_core::{Kernel, Mode};
pub use error::{Error, Result};
pub use executor::Executor;
#[cfg(not(target_family = "wasm"))]
pub use float::gram;
#[cfg(not(target_family = "wasm"))]
pub use isa::vectorized;
pub use isa::{ENVIRONMENT_VARIABLE, Isa};
pub use nodes::{FloatNodes, Patches};
pub use options::Options;
