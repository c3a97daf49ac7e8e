//! The original's own initialisation of type PS.

use super::StateDict;
use super::state::unit;
use deepshift_core::graph::{Graph, Op};
use deepshift_core::{FloatTensor, ShiftType};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Keeps these draws apart from those of the float weights of the same seed.
const STREAM: u64 = 1;
/// Shifts of convolutions, whatever the bits; those of linear layers lie anywhere in their range.
const CONVOLUTION: [f64; 2] = [-10.0, -1.0];

/// Puts a random `shift` and a random `sign` in place of the float weight of every layer of type PS, as the original does
/// where it trains on ImageNet from nothing: `sign` uniform in [-1, 1], `shift` uniform in [-10, -1] in convolutions and
/// over its range in linear layers.
pub fn randomize_shifts(graph: &Graph, seed: u64, state: &mut StateDict) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(STREAM);
    for node in &graph.nodes {
        let Some(format) = node.shift_scheme().map(|scheme| scheme.format) else { continue };
        if format.shift_type != ShiftType::PS {
            continue;
        }
        let Some(weight) = state.remove(&format!("{}.weight", node.name)) else { continue };
        let range = match node.op {
            Op::Conv2d(_) => CONVOLUTION,
            _ => [-f64::from(format.kmax()), 0.0],
        };
        for (suffix, range) in [("shift", range), ("sign", [-1.0, 1.0])] {
            let values = weight.values.iter().map(|_| uniform(&mut random, range)).collect();
            let tensor = FloatTensor { shape: weight.shape.clone(), values };
            state.insert(format!("{}.{suffix}", node.name), tensor);
        }
    }
}

fn uniform(random: &mut ChaCha8Rng, [low, high]: [f64; 2]) -> f32 {
    (low + unit(random) * (high - low)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::initial_state;
    use deepshift_core::ShiftFormat;
    use deepshift_models::{Conversion, simple_conv, to_shift};

    #[test]
    fn shifts_and_signs_fill_their_ranges() {
        let conversion = Conversion {
            shift_depth: 1,
            format: ShiftFormat::new(ShiftType::PS, 4).unwrap(),
            activation_bits: [16, 16],
            convert_all_linear: true,
        };
        let graph = to_shift(&simple_conv(), &conversion).unwrap();
        let mut state = initial_state(&graph, 3);
        let float = state.clone();
        randomize_shifts(&graph, 3, &mut state);
        let range = |name: &str| {
            let values = &state[name].values;
            let fold = |better: fn(f32, f32) -> f32| values.iter().copied().reduce(better).unwrap();
            [fold(f32::min).round(), fold(f32::max).round()]
        };
        assert_eq!(range("conv2.shift"), [-10.0, -1.0]);
        assert_eq!(range("fc1.shift"), [-6.0, 0.0]);
        assert_eq!(range("fc1.sign"), [-1.0, 1.0]);
        assert!(!state.contains_key("fc1.weight"));
        assert_eq!(state["conv1.weight"], float["conv1.weight"]);
        assert_eq!(state["fc1.bias"], float["fc1.bias"]);
    }
}
