//! DeepShift on Burn: shift layers for anyone's network, the network of a graph, optimizers that Burn lacks, and the
//! import of PyTorch's weights (where there are files).

pub mod conv;
mod error;
mod flex;
#[cfg(not(target_family = "wasm"))]
mod import;
pub mod linear;
mod memory;
pub mod network;
pub mod norm;
pub mod optim;
mod parallel;
pub mod pool;
mod portable;
pub mod shift;
#[cfg(any(test, target_family = "wasm"))]
mod sparse;
mod vectors;

pub use error::{Error, Result};
#[cfg(not(target_family = "wasm"))]
pub use import::read_state_dict;
pub use network::{
    Exported, Mode, Network, StateDict, TrainingOptions, Value, initial_state, randomize_shifts,
    randomize_sign_scale,
};
