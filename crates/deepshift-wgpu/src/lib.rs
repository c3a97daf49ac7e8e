//! Runs DeepShift networks on GPUs through WebGPU: natively over Vulkan, Metal and DirectX 12, in browsers over
//! `navigator.gpu`. A [`Model`](deepshift_core::Model) becomes an [`Executor`] on a [`Gpu`]; what it computes is what
//! [`deepshift_core::reference`] computes, in integer mode to the bit.
//!
//! A network is written down once as operations, and for each number of pictures recorded as buffers, pipelines and
//! dispatches, which every run replays; only the logits are read back. The shaders (`shaders/` of this repository) work on
//! quads of four neighbouring channels, `[picture, height, width, quad]`: in integer mode four i8 in a word, in float mode
//! four f32. Weights lie on the device as follows.
//!
//! | kernel | mode | weights |
//! |---|---|---|
//! | `shift` | integer | the packed codes of the file, 2 to 5 bits each; left shifts, signs and additions |
//! | `dot` | integer | the exact integers as i8, in two or three planes where a layer needs more than 8 bits, for `dot4I8Packed`; depthwise layers and groups that do not fall on quads: packed codes |
//! | `dot` | float | packed codes, decoded by writing the exponent's bits; ordinary f32 of layers that have no codes |
//! | `naive-multiply` | both | i32 or f32 each: the original's comparison |
//!
//! ```no_run
//! use deepshift_core::{Input, Model};
//! use deepshift_wgpu::{Executor, Gpu, Kernel, Mode, Options};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::from_bytes(&std::fs::read("web/models/mnist-conv.dshift")?)?;
//! let gpu = Gpu::request().await?;
//! let options = Options { mode: Mode::Integer, kernel: Kernel::Dot };
//! let executor = Executor::new(&gpu, &model, options).await?;
//! let logits = executor.run(Input::Pictures(&[0; 28 * 28])).await?;
//! assert_eq!(logits.len(), 10);
//! # Ok(())
//! # }
//! ```
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
