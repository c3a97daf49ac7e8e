//! The Burn network of a [`Graph`]: its parameters, its forward pass, and the way back to a packed model.

mod export;
mod forward;
mod layers;
mod movement;
mod plan;
mod random_shifts;
mod random_sign_scale;
mod state;

pub use export::Exported;
pub use forward::{Mode, Value};
pub use layers::{FloatConv2d, FloatLinear, Layer};
pub use random_shifts::randomize_shifts;
pub use random_sign_scale::randomize_sign_scale;
pub use state::{StateDict, initial_state};

use crate::Result;
use crate::shift::{Rounding, noise_seed};
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Device, Tensor};
use deepshift_core::graph::Graph;

/// A network with trainable parameters, built from a graph.
#[derive(Module, Debug)]
pub struct Network {
    /// The layers that have parameters, in the graph's order.
    pub layers: Vec<Layer>,
    #[module(skip)]
    graph: Graph,
    /// For each node of the graph its place in `layers`.
    #[module(skip)]
    layer_of: Vec<Option<usize>>,
}

/// How shift layers train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainingOptions {
    /// Of shifts, signs and logarithms.
    pub rounding: Rounding,
    /// Keeps the signs of types PS and DenseShift as they are.
    pub freeze_sign: bool,
    /// Trains layers with codes of type Q as type DenseShift, with a sign and a scale instead of a real weight.
    pub sign_scale: bool,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self { rounding: Rounding::Deterministic, freeze_sign: false, sign_scale: false }
    }
}

impl Network {
    /// Builds the network with these weights. A shift layer takes either its own parameters (`shift` and `sign` for
    /// PS, `sign` and `scale` for DenseShift) or a float `weight`, which is converted, as the original does for its two
    /// types. Names and shapes must fit exactly.
    pub fn from_state(
        graph: &Graph,
        state: &StateDict,
        options: TrainingOptions,
        device: &Device,
    ) -> Result<Self> {
        graph.shapes()?;
        state::check_names(graph, state, options)?;
        let mut layers = Vec::new();
        let mut layer_of = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let layer = Layer::from_state(node, state, options, device)?;
            layer_of.push(layer.as_ref().map(|_| layers.len()));
            layers.extend(layer);
        }
        let network = Self { layers, graph: graph.clone(), layer_of };
        // An optimizer knows a parameter by its identity, and a resumed run must find the same ones.
        Ok(network.map(&mut NumberParameters { next: 1 }))
    }

    /// The graph it computes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Gives every layer the noise of this forward pass of a training, for stochastic rounding.
    pub fn with_noise(mut self, seed: u64, pass: u64) -> Self {
        for (node, index) in self.layer_of.iter().enumerate() {
            let Some(index) = *index else { continue };
            // By node, as dropout counts, so that no two draw the same.
            let noise = noise_seed(seed, pass, node as u64);
            match &mut self.layers[index] {
                Layer::ShiftConv2d(layer) => layer.noise_seed = noise,
                Layer::ShiftLinear(layer) => layer.noise_seed = noise,
                _ => {}
            }
        }
        self
    }

    /// The network with shift parameters clamped to their ranges, as the original's forward leaves them.
    pub fn clamp_parameters(self) -> Self {
        self.map_layers(|layer| match layer {
            Layer::ShiftConv2d(layer) => Layer::ShiftConv2d(layer.clamp_parameters()),
            Layer::ShiftLinear(layer) => Layer::ShiftLinear(layer.clamp_parameters()),
            other => other,
        })
    }

    /// The network with its shift layers rounded, as it is evaluated and exported.
    pub fn rounded(self) -> Self {
        self.map_layers(|layer| match layer {
            Layer::ShiftConv2d(layer) => Layer::ShiftConv2d(layer.rounded()),
            Layer::ShiftLinear(layer) => Layer::ShiftLinear(layer.rounded()),
            other => other,
        })
    }

    fn map_layers(mut self, change: impl Fn(Layer) -> Layer) -> Self {
        self.layers = self.layers.into_iter().map(change).collect();
        self
    }

    fn layer(&self, node: usize) -> Option<&Layer> {
        self.layer_of.get(node).copied().flatten().map(|index| &self.layers[index])
    }
}

struct NumberParameters {
    next: u64,
}

impl ModuleMapper for NumberParameters {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = ParamId::from(self.next);
        self.next += 1;
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(id, value, mapper)
    }
}
