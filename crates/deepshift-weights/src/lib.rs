#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod archive;
mod choose;
mod error;
mod file;
mod kind;
mod legacy;
mod names;
mod shift;
mod tensor;
mod walk;

pub use choose::Chosen;
pub use error::{Error, Result};
pub use file::WeightFile;
pub use kind::{Foreign, foreign};
pub use shift::{ShiftLayers, TrainedType};

use deepshift_core::FloatTensor;
use std::collections::BTreeMap;

/// Parameters and running statistics by PyTorch's names.
pub type StateDict = BTreeMap<String, FloatTensor>;
