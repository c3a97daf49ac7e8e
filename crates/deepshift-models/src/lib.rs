#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cifar10;
mod convert;
mod formula;
mod imagenet;
mod inception;
mod initialization;
pub mod integer;
mod mnist;
mod names;
mod net;
mod preprocessing;
mod residual;
mod separable;
mod vgg;

pub use convert::{Conversion, shift_layers, to_shift};
pub use formula::{formula_input, formula_weights};
pub use initialization::{Distribution, Initialization, initialization};
pub use mnist::{simple_conv, simple_linear};
pub use names::{Shapes, compare, nearest};
pub use preprocessing::preprocessing;

use deepshift_core::graph::Graph;

/// The name, and the function that returns the graph of this name.
type Architecture = (&'static str, fn(&str) -> Graph);

const MNIST: [Architecture; 2] = [("simple_linear", |_| simple_linear()), ("simple_conv", |_| simple_conv())];

/// What the networks are made for: it decides about the shape of their input and the number of their classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataSet {
    /// Digits of 1x28x28, ten classes.
    Mnist,
    /// Pictures of 3x32x32, ten classes.
    Cifar10,
    /// Pictures of 3x224x224, 1000 classes.
    ImageNet,
}

impl DataSet {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mnist, Self::Cifar10, Self::ImageNet];

    const fn architectures(self) -> &'static [Architecture] {
        match self {
            Self::Mnist => &MNIST,
            Self::Cifar10 => &cifar10::ARCHITECTURES,
            Self::ImageNet => &imagenet::ARCHITECTURES,
        }
    }

    /// Names of its architectures, as the original's `--arch` takes them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.architectures().iter().map(|(name, _)| name.strip_prefix(CIFAR10).unwrap_or(name))
    }

    /// The architecture of this name among its own.
    pub fn by_name(self, name: &str) -> Option<Graph> {
        let index = self.names().position(|known| known == name)?;
        let (name, graph) = self.architectures()[index];
        Some(graph(name))
    }
}

const CIFAR10: &str = "cifar10/";

/// An architecture by its name among all of [`NAMES`].
pub fn by_name(name: &str) -> Option<Graph> {
    let mut all = DataSet::ALL.iter().flat_map(|set| set.architectures());
    all.find(|(known, _)| *known == name).map(|(name, graph)| graph(name))
}

/// The names of all architectures, which are their graphs' names too. Where CIFAR-10 and ImageNet have networks of the
/// same name, the plain name is ImageNet's and the other `cifar10/<name>`.
pub const NAMES: [&str; COUNT] = {
    let mut names = [""; COUNT];
    let mut filled = 0;
    let mut set = 0;
    while set < DataSet::ALL.len() {
        let architectures = DataSet::ALL[set].architectures();
        let mut index = 0;
        while index < architectures.len() {
            names[filled] = architectures[index].0;
            filled += 1;
            index += 1;
        }
        set += 1;
    }
    names
};

const COUNT: usize = MNIST.len() + cifar10::ARCHITECTURES.len() + imagenet::ARCHITECTURES.len();
