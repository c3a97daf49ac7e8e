//! The initialisation of type DenseShift.

use super::state::{parts, unit};
use super::{StateDict, TrainingOptions};
use crate::shift::INITIAL_DEVIATION;
use deepshift_core::FloatTensor;
use deepshift_core::graph::{Graph, Op};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Keeps these draws apart from others of the same seed.
const STREAM: u64 = 2;

/// Puts a random `sign` and `scale` in place of the float weight of layers with codes of type Q that BatchNorm follows:
/// normal around zero with a standard deviation of 0.001.
///
/// Weights drawn like that are as large for a thousand inputs as for one. Where no BatchNorm evens that out the layer
/// keeps its float weight, which is then converted.
pub fn randomize_sign_scale(graph: &Graph, seed: u64, state: &mut StateDict) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(STREAM);
    let options = TrainingOptions { sign_scale: true, ..TrainingOptions::default() };
    let normalized = graph.nodes.iter().enumerate().filter(|&(index, _)| is_normalized(graph, index));
    for (_, node) in normalized {
        for (name, shape) in node.parameters() {
            let Some(parts) = parts(node, &name, &shape, options) else { continue };
            state.remove(&name);
            for (name, shape) in parts {
                let values = (0..shape.iter().product()).map(|_| normal(&mut random) * INITIAL_DEVIATION);
                let values = values.map(|value| value as f32).collect();
                state.insert(name, FloatTensor { shape, values });
            }
        }
    }
}

/// Whether BatchNorm takes the value of a node, and nothing else does.
fn is_normalized(graph: &Graph, node: usize) -> bool {
    let users = &graph.users()[node];
    !users.is_empty()
        && users.iter().all(|&user| matches!(graph.nodes[user].op, Op::BatchNorm(_)))
        && !graph.outputs.contains(&node)
}

/// The sum of twelve uniform numbers: normal enough, of variance 1, and without a logarithm, whose last bit differs from
/// machine to machine.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| unit(random)).sum::<f64>() - 6.0
}
