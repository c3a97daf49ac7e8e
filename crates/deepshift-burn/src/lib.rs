//! DeepShift on Burn: shift layers for anyone's network, the network of a graph, optimizers that Burn lacks, and the
//! import of PyTorch's weights.

pub mod conv;
mod error;
mod flex;
mod import;
pub mod linear;
pub mod network;
pub mod optim;
pub mod pool;
pub mod shift;

pub use error::{Error, Result};
pub use import::read_state_dict;
pub use network::{Exported, Mode, Network, StateDict, TrainingOptions, Value, initial_state};
