#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod float;
mod integer;
mod layer;
mod network;
mod plan;
mod times;
mod values;
mod weights;

pub use layer::{Geometry, Layer, Path, Weights};
pub use network::{Coding, Element, End, Kind, MAX_OPERANDS, Network, Operation, Value};
pub use plan::Shared;
pub use times::LayerTime;
pub use values::{Entry, Exit};

use deepshift_core::{Kernel, Mode, Model, Result};

/// The operations of a model in a mode, with the weights for a family of kernels. Errors: a mode that the file or the
/// kernels have not, an addition of more than [`MAX_OPERANDS`] operands.
pub fn network(model: &Model, mode: Mode, kernel: Kernel) -> Result<Network> {
    match mode {
        Mode::Integer => integer::network(model, kernel),
        Mode::Float => float::network(model, kernel),
    }
}
