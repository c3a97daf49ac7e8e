#![doc = include_str!("../README.md")]

pub mod conv;
mod error;
mod flex;
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
pub use network::{
    Exported, Mode, Network, StateDict, TrainingOptions, Value, initial_state, randomize_shifts,
    randomize_sign_scale,
};
