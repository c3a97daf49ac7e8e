//! Runs DeepShift networks on the CPU. A [`Model`](deepshift_core::Model) becomes an [`Executor`]; what it computes is
//! what [`deepshift_core::reference`] computes, in integer mode to the bit.
//!
//! The kernels of each instruction set lie under `kernels/`; which ones run is decided when an executor is
//! made. `DEEPSHIFT_CPU=scalar` forces one. Wasm has no choice at run time: there the target features of the build decide.
//!
//! ```
//! use deepshift_core::{Input, Model};
//! use deepshift_cpu::{Executor, Kernel, Mode, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::from_bytes(&std::fs::read("../../web/models/mnist-conv.dshift")?)?;
//! let options = Options { mode: Mode::Integer, kernel: Kernel::Shift, ..Options::default() };
//! let logits = Executor::new(&model, options)?.run(Input::Pictures(&[0; 28 * 28]))?;
//! assert_eq!(logits.len(), 10);
//! # Ok(())
//! # }
//! ```

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
