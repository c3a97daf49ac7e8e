//! The face for those who run models: open a `.dshift` file, let the fastest device run it, know which one and why.
//!
//! ```
//! use deepshift::{Input, Model, Options, Runner};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # pollster::block_on(async {
//! let model = Model::from_bytes(&std::fs::read("../../web/models/mnist-conv.dshift")?)?;
//! let runner = Runner::new(&model, Options::default()).await?;
//! let logits = runner.run(Input::Pictures(&[0; 28 * 28])).await?;
//! println!("{}: {}", runner.device_name(), runner.reason());
//! # assert_eq!(logits.len(), 10);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! The feature `cuda` adds [`Device::Cuda`]; programs with it start on machines without CUDA, too.
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
