#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod bits;
mod choice;
mod codes;
mod error;
mod fixed;
pub mod format;
pub mod graph;
mod grid;
pub mod integer;
mod mix;
mod model;
mod preprocess;
mod range;
mod rank;
pub mod reference;
pub mod report;
pub mod round;
mod weight;
mod work;

pub use choice::{Kernel, Mode};
pub use codes::{ShiftFormat, ShiftType, Term, term_value};
pub use error::{Error, Result};
pub use fixed::{FixedPoint, MAX_FRACTION_BITS, MAX_OUTPUT};
pub use grid::Grid;
pub use mix::mix;
pub use model::{FloatTensor, Model, Normalization, Provenance, Tensor};
pub use preprocess::{Input, Interpolation, Preprocessing, resample};
pub use range::OutOfRange;
pub use rank::rank;
pub use weight::{MAX_INTEGER_BITS, ShiftWeight};
