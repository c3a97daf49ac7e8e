//! Architectures, each a function that returns a [`Graph`], and rewrites of graphs.
#![forbid(unsafe_code)]

mod convert;
mod formula;
pub mod integer;
mod mnist;
mod resnet;

pub use convert::{Conversion, shift_layers, to_shift};
pub use formula::{formula_input, formula_weights};
pub use mnist::{simple_conv, simple_linear};
pub use resnet::resnet20;

use deepshift_core::graph::Graph;

type Architecture = (&'static str, fn() -> Graph);

/// Every architecture with the name that the original and the command line use.
const ARCHITECTURES: [Architecture; 3] =
    [("simple_linear", simple_linear), ("simple_conv", simple_conv), ("resnet20", resnet20)];

/// An architecture by its name.
pub fn by_name(name: &str) -> Option<Graph> {
    ARCHITECTURES.iter().find(|(known, _)| *known == name).map(|(_, graph)| graph())
}

/// Names that [`by_name`] knows.
pub const NAMES: [&str; ARCHITECTURES.len()] = {
    let mut names = [""; ARCHITECTURES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = ARCHITECTURES[index].0;
        index += 1;
    }
    names
};
