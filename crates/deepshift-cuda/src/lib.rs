//! Runs DeepShift networks on NVIDIA GPUs of compute capability 8.0 and later through CUDA. A
//! [`Model`](deepshift_core::Model) becomes an [`Executor`] on a [`Gpu`]; what it computes is what
//! [`deepshift_core::reference`] computes, in integer mode to the bit.
//!
//! The driver is found while the program runs, so that programs with this crate in them start everywhere, and compiles
//! the kernels, which are PTX, when a [`Gpu`] is made. Values and weights lie on the device as
//! [`deepshift_lowering`] lays them out.
//!
//! | kernel | mode | how |
//! |---|---|---|
//! | `shift` | integer | left shifts, signs and additions on the packed codes |
//! | `dot` | integer | products of i8 on tensor cores, exact sums in i32; a weight of more than 8 bits is two or three i8 |
//! | `dot` | float | f32 weights decoded from packed codes |
//! | `naive-multiply` | both | one output after the other with ordinary multiplications: the original's comparison |
//!
//! ```no_run
//! use deepshift_core::{Input, Model};
//! use deepshift_cuda::{Executor, Gpu, Kernel, Mode, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::from_bytes(&std::fs::read("web/models/mnist-conv.dshift")?)?;
//! let options = Options { mode: Mode::Integer, kernel: Kernel::Dot };
//! let executor = Executor::new(&Gpu::new(0)?, &model, options)?;
//! let logits = executor.run(Input::Pictures(&[0; 28 * 28]))?;
//! assert_eq!(logits.len(), 10);
//! # Ok(())
//! # }
//! ```
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
