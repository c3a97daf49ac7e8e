//! From a trained network to its integer network: BatchNorm, bias and activations folded into epilogues.

mod build;
mod fraction;
mod fuse;
mod statistics;

pub use build::{IntegerReport, RaisedExponent, build_integer};
pub use fraction::rounding_nodes;
pub use statistics::ActivationStatistics;
