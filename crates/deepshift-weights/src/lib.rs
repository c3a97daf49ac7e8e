//! Files of weights as PyTorch and its users write them: what kind of file it is, which tensors it holds, and which of
//! these belong to a network.
//!
//! Bytes in, tensors out: no files, no printing, and nothing of a pickle is ever executed. Names and shapes are read first;
//! only tensors that a network needs, in the shapes that it needs, are decoded.
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
