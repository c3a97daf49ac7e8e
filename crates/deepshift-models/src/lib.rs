//! Architectures, each a function that returns a [`Graph`], and rewrites of graphs.
#![forbid(unsafe_code)]

mod convert;
mod formula;
pub mod integer;
mod mnist;
mod resnet;

pub use convert::{ShiftOptions, shift_layers, to_shift};
pub use formula::{formula_input, formula_weights};
pub use mnist::{simple_conv, simple_linear};
pub use resnet::resnet20;

use deepshift_core::graph::Graph;

/// An architecture by the name that the original and the command line use.
pub fn by_name(name: &str) -> Option<Graph> {
    Some(match name {
        "simple_linear" => simple_linear(),
        "simple_conv" => simple_conv(),
        "resnet20" => resnet20(),
        _ => return None,
    })
}

/// Names that [`by_name`] knows.
pub const NAMES: [&str; 3] = ["simple_linear", "simple_conv", "resnet20"];
