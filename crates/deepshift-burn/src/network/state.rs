//! State dicts: parameters by PyTorch's names.

use super::{Layer, Network, TrainingOptions};
use crate::{Error, Result};
use burn::module::Param;
use burn::tensor::Tensor;
use deepshift_core::graph::{Graph, Node, Op};
use deepshift_core::{FloatTensor, ShiftType};
use deepshift_models::{Distribution, compare, initialization};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// Parameters and running statistics by PyTorch's names.
pub type StateDict = BTreeMap<String, FloatTensor>;

/// The float network's initial parameters, drawn as its makers do, see [`deepshift_models::initialization`]. The same
/// seed gives the same values everywhere.
pub fn initial_state(graph: &Graph, seed: u64) -> StateDict {
    let scheme = initialization(&graph.name);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut state = StateDict::new();
    for node in &graph.nodes {
        let distribution = match (scheme.exception, &node.op) {
            (Some((name, distribution)), _) if name == node.name => distribution,
            (_, Op::Conv2d(_)) => scheme.convolution,
            _ => scheme.linear,
        };
        let parameters = node.parameters();
        let weight = parameters.first().map(|(_, shape)| shape.clone()).unwrap_or_default();
        for (name, shape) in parameters {
            let elements = shape.iter().product();
            let draw = match &node.op {
                Op::BatchNorm(_) if name.ends_with(".weight") || name.ends_with(".running_var") => {
                    Draw::Constant(1.0)
                }
                Op::BatchNorm(_) => Draw::Constant(0.0),
                _ if shape.len() > 1 => Draw::new(distribution, &weight),
                _ if scheme.zero_bias => Draw::Constant(0.0),
                _ => Draw::new(Distribution::Uniform, &weight),
            };
            let values = (0..elements).map(|_| draw.value(&mut random)).collect();
            state.insert(name, FloatTensor { shape, values });
        }
    }
    state
}

/// A distribution for a certain layer.
enum Draw {
    Constant(f32),
    /// Uniform in `[-bound, bound)`.
    Uniform {
        bound: f64,
    },
    Normal {
        deviation: f64,
    },
}

impl Draw {
    /// For a layer with a weight of this shape.
    fn new(distribution: Distribution, weight: &[usize]) -> Self {
        let kernel = weight.iter().skip(2).product::<usize>() as f64;
        let fan = |axis: usize| (weight.get(axis).copied().unwrap_or(1) as f64 * kernel).max(1.0);
        let (fan_out, fan_in) = (fan(0), fan(1));
        match distribution {
            Distribution::Uniform => Self::Uniform { bound: 1.0 / fan_in.sqrt() },
            Distribution::KaimingUniform => Self::Uniform { bound: (6.0 / fan_in).sqrt() },
            Distribution::KaimingNormal => Self::Normal { deviation: (2.0 / fan_in).sqrt() },
            Distribution::KaimingNormalFanOut => Self::Normal { deviation: (2.0 / fan_out).sqrt() },
            Distribution::Normal(deviation) => Self::Normal { deviation },
        }
    }

    fn value(&self, random: &mut ChaCha8Rng) -> f32 {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { bound } => ((2.0 * unit(random) - 1.0) * bound) as f32,
            Self::Normal { deviation } => (normal(random) * deviation) as f32,
        }
    }
}

/// Uniform in `[0, 1)`.
pub(super) fn unit(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32() >> 8) / f64::from(1 << 24)
}

/// Normal with a variance of 1 (Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958).
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (length, angle) = (1.0 - unit(random), std::f64::consts::TAU * unit(random));
    (-2.0 * libm::log(length)).sqrt() * libm::cos(angle)
}

impl Network {
    /// All parameters and running statistics as they are, unrounded: `shift` and `sign` for layers of type PS, `sign`
    /// and `scale` for those of type DenseShift.
    pub fn state(&self) -> StateDict {
        let mut state = StateDict::new();
        for (index, node) in self.graph().nodes.iter().enumerate() {
            if let Some(layer) = self.layer(index) {
                layer.state(&node.name, &mut state);
            }
        }
        state
    }
}

impl Layer {
    fn state(&self, name: &str, state: &mut StateDict) {
        match self {
            Self::Conv2d(layer) => {
                put(state, name, "weight", Some(&layer.weight));
                put(state, name, "bias", layer.bias.as_ref());
            }
            Self::Linear(layer) => {
                put(state, name, "weight", Some(&layer.weight));
                put(state, name, "bias", layer.bias.as_ref());
            }
            Self::ShiftConv2d(layer) => {
                put(state, name, "weight", layer.weight.as_ref());
                put(state, name, "shift", layer.shift.as_ref());
                put(state, name, "sign", layer.sign.as_ref());
                put(state, name, "scale", layer.scale.as_ref());
                put(state, name, "bias", layer.bias.as_ref());
            }
            Self::ShiftLinear(layer) => {
                put(state, name, "weight", layer.weight.as_ref());
                put(state, name, "shift", layer.shift.as_ref());
                put(state, name, "sign", layer.sign.as_ref());
                put(state, name, "scale", layer.scale.as_ref());
                put(state, name, "bias", layer.bias.as_ref());
            }
            Self::BatchNorm(layer) => {
                put(state, name, "weight", Some(&layer.gamma));
                put(state, name, "bias", Some(&layer.beta));
                insert(state, name, "running_mean", layer.running_mean.value_sync());
                insert(state, name, "running_var", layer.running_var.value_sync());
            }
        }
    }
}

fn put<const D: usize>(state: &mut StateDict, name: &str, suffix: &str, param: Option<&Param<Tensor<D>>>) {
    if let Some(param) = param {
        insert(state, name, suffix, param.val());
    }
}

fn insert<const D: usize>(state: &mut StateDict, name: &str, suffix: &str, tensor: Tensor<D>) {
    state.insert(format!("{name}.{suffix}"), to_float(tensor));
}

pub(super) fn to_float<const D: usize>(tensor: Tensor<D>) -> FloatTensor {
    FloatTensor { shape: tensor.dims().to_vec(), values: tensor.into_data().iter::<f32>().collect() }
}

/// Every name and shape the graph needs must be there, and nothing else.
pub(super) fn check_names(graph: &Graph, state: &StateDict, options: TrainingOptions) -> Result<()> {
    let parameters =
        graph.nodes.iter().flat_map(|node| node.parameters().into_iter().map(move |found| (node, found)));
    let needed: Vec<_> =
        parameters.flat_map(|(node, parameter)| alternatives(node, parameter, state, options)).collect();
    let found = state.iter().map(|(name, tensor)| (name.as_str(), tensor.shape.as_slice())).collect();
    compare(&graph.name, &needed, &found).map_err(Error::BadArgument)
}

/// A shift layer's weight may be there as the parameters of its type.
fn alternatives(
    node: &Node,
    (name, shape): (String, Vec<usize>),
    state: &StateDict,
    options: TrainingOptions,
) -> Vec<(String, Vec<usize>)> {
    match parts(node, &name, &shape, options) {
        // Both types have a sign, so the other part decides.
        Some(parts) if state.contains_key(&parts[1].0) => parts.into(),
        _ => vec![(name, shape)],
    }
}

/// Names and shapes of what a shift layer trains in place of its weight; nothing for type Q.
pub(super) fn parts(
    node: &Node,
    name: &str,
    shape: &[usize],
    options: TrainingOptions,
) -> Option<[(String, Vec<usize>); 2]> {
    let format = node.shift_scheme().filter(|_| name.ends_with(".weight"))?.format;
    let named = |suffix: &str| format!("{}.{suffix}", node.name);
    let other = match format.shift_type {
        ShiftType::PS => (named("shift"), shape.to_vec()),
        ShiftType::Q if options.sign_scale => {
            (named("scale"), [&[usize::from(format.kmax())], shape].concat())
        }
        ShiftType::Q => return None,
    };
    Some([(named("sign"), shape.to_vec()), other])
}
