//! Weights that a formula gives, so that architectures can be compared without shipping weights: a SplitMix64 hash of
//! seed, tensor number and element.

use deepshift_core::graph::Graph;
use deepshift_core::{FloatTensor, Tensor, mix};
use std::collections::BTreeMap;

const INPUT: u64 = 0xF_FFFF;

/// Uniform in `[0, 1)`.
fn uniform(seed: u64, tensor: u64, element: u64) -> f64 {
    (mix(((seed << 56) | (tensor << 36)).wrapping_add(element)) >> 40) as f64 / f64::from(1 << 24)
}

/// Every parameter of the graph, numbered in the order of [`Graph::parameters`].
pub fn formula_weights(graph: &Graph, seed: u64) -> BTreeMap<String, Tensor> {
    let numbered = graph.parameters().into_iter().enumerate();
    numbered
        .map(|(number, (name, shape))| {
            let fan_in: usize = shape.iter().skip(1).product();
            let value = |u: f64| {
                if name.ends_with("running_mean") || name.ends_with("bias") {
                    (u - 0.5) * 0.2
                } else if name.ends_with("running_var") || shape.len() == 1 {
                    u + 0.5
                } else {
                    (2.0 * u - 1.0) * (6.0 / fan_in as f64).sqrt()
                }
            };
            let elements = shape.iter().product::<usize>() as u64;
            let values = (0..elements).map(|i| value(uniform(seed, number as u64, i)) as f32).collect();
            (name, Tensor::Float(FloatTensor { shape, values }))
        })
        .collect()
}

/// Input values of `count` pictures.
pub fn formula_input(graph: &Graph, seed: u64, count: usize) -> Vec<f32> {
    let each: usize = graph.input_shape().iter().product();
    (0..(count * each) as u64).map(|i| ((2.0 * uniform(seed, INPUT, i) - 1.0) * 1.7) as f32).collect()
}
