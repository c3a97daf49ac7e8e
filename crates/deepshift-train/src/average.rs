//! A moving average of the weights, which is often better than the weights themselves.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use deepshift_burn::Network;
use std::collections::VecDeque;

/// Exponential moving average of a network's parameters and running statistics, unrounded.
pub(crate) struct Average {
    network: Network,
    decay: f64,
}

impl Average {
    /// Starts with the network itself, as it is without gradients.
    pub fn new(network: Network, decay: f64) -> Self {
        Self { network, decay }
    }

    /// The average.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Takes in the weights after step `step` (counted from 0), given without gradients: `average += (1 - d) * (weights -
    /// average)` with `d = min(decay, (1 + step) / (10 + step))`, so that the first steps are soon forgotten, as
    /// TensorFlow's `ExponentialMovingAverage` does.
    pub fn update(&mut self, network: &Network, step: u64) {
        let decay = self.decay.min((1.0 + step as f64) / (10.0 + step as f64));
        let mut current = Flattened(VecDeque::new());
        network.visit(&mut current);
        self.network = self.network.clone().map(&mut Approach { current: current.0, by: 1.0 - decay });
    }
}

/// All tensors of a network, in the order of its layers.
struct Flattened(VecDeque<Tensor<1>>);

impl ModuleVisitor for Flattened {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push_back(param.val().flatten(0, D - 1));
    }
}

/// Moves every tensor towards the one of the same place.
struct Approach {
    current: VecDeque<Tensor<1>>,
    by: f64,
}

impl ModuleMapper for Approach {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(current) = self.current.pop_front() else { return param };
        let by = self.by;
        param.map(|average| {
            let shape = average.shape();
            let towards = (current.reshape(shape) - average.clone()).mul_scalar(by);
            average + towards
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use deepshift_burn::{StateDict, TrainingOptions, initial_state};
    use deepshift_models::by_name;

    fn network(state: &StateDict) -> Network {
        let graph = by_name("resnet20").unwrap();
        Network::from_state(&graph, state, TrainingOptions::default(), &Device::flex()).unwrap()
    }

    #[test]
    fn every_tensor_moves_towards_its_own() {
        let state = initial_state(&by_name("resnet20").unwrap(), 1);
        let mut moved = state.clone();
        moved.values_mut().zip(1..).for_each(|(tensor, by)| {
            tensor.values.iter_mut().for_each(|value| *value += by as f32);
        });
        let mut average = Average::new(network(&state), 0.75);
        average.update(&network(&moved), 1_000_000);
        average.update(&network(&moved), 1_000_000);
        let averaged = average.network().state();
        assert_eq!(averaged.len(), state.len());
        for ((name, tensor), by) in averaged.iter().zip(1..) {
            let expected = |value: f32| value + 0.4375 * by as f32;
            let close = tensor.values.iter().zip(&state[name].values);
            assert!(close.clone().count() > 0, "{name}");
            for (value, start) in close {
                assert!((value - expected(*start)).abs() < 1e-4, "{name}: {value}, from {start}");
            }
        }
    }

    #[test]
    fn the_first_steps_are_soon_forgotten() {
        let state = initial_state(&by_name("resnet20").unwrap(), 1);
        let zero = state.iter().map(|(name, tensor)| {
            let values = vec![0.0; tensor.values.len()];
            (name.clone(), deepshift_core::FloatTensor { values, ..tensor.clone() })
        });
        let mut average = Average::new(network(&zero.collect()), 0.999);
        average.update(&network(&state), 0);
        let averaged = average.network().state();
        for (name, tensor) in &state {
            for (value, current) in averaged[name].values.iter().zip(&tensor.values) {
                assert!((value - 0.9 * current).abs() < 1e-6, "{name}");
            }
        }
    }
}
