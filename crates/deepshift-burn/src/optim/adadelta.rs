//! Adadelta: steps whose size follows the sizes of past steps.

use burn::config::Config;
use burn::optim::{LearningRate, ModuleOptimizer, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use super::record::take_tensor;

/// Configuration of [`Adadelta`].
#[derive(Config, Debug)]
pub struct AdadeltaConfig {
    /// Decay of the two running averages, in `0..1`.
    #[config(default = 0.9)]
    pub rho: f64,
    /// Added to both running averages before their square roots.
    #[config(default = 1e-6)]
    pub epsilon: f64,
    /// L2 decay: `weight_decay` times the parameter is added to its gradient.
    #[config(default = 0.0)]
    pub weight_decay: f64,
}

impl AdadeltaConfig {
    /// The bare optimizer, for [`ModuleOptimizer::with_group`].
    pub fn build(&self) -> Adadelta {
        Adadelta { rho: self.rho, epsilon: self.epsilon, weight_decay: self.weight_decay }
    }

    /// An optimizer of all parameters of a module.
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(self.build())
    }
}

/// Adadelta (Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, <https://arxiv.org/abs/1212.5701>) as in
/// `torch.optim.Adadelta`: the learning rate multiplies the paper's step.
#[derive(Clone, Debug)]
pub struct Adadelta {
    rho: f64,
    epsilon: f64,
    weight_decay: f64,
}

/// State of [`Adadelta`] for one parameter.
#[derive(Clone, Debug)]
pub struct AdadeltaState<const D: usize> {
    /// Running average of the squared gradient, in the parameter's shape.
    pub squared_gradient: Tensor<D>,
    /// Running average of the squared step before the learning rate, in the parameter's shape.
    pub squared_step: Tensor<D>,
}

impl<const D: usize> RecordState for AdadeltaState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, "squared_gradient", self.squared_gradient.to_data());
        out.push_tensor(prefix, "squared_step", self.squared_step.to_data());
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            squared_gradient: take_tensor(src, prefix, "squared_gradient", device)?,
            squared_step: take_tensor(src, prefix, "squared_step", device)?,
        })
    }
}

impl Adadelta {
    /// `average` moved towards the square of `value`.
    fn averaged<const D: usize>(&self, average: Tensor<D>, value: Tensor<D>) -> Tensor<D> {
        average.mul_scalar(self.rho) + value.square().mul_scalar(1.0 - self.rho)
    }

    fn root<const D: usize>(&self, average: Tensor<D>) -> Tensor<D> {
        average.add_scalar(self.epsilon).sqrt()
    }
}

impl Optimizer for Adadelta {
    type State<const D: usize> = AdadeltaState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let mut state = state.unwrap_or_else(|| AdadeltaState {
            squared_gradient: tensor.zeros_like(),
            squared_step: tensor.zeros_like(),
        });
        let gradient =
            if self.weight_decay == 0.0 { grad } else { grad + tensor.clone().mul_scalar(self.weight_decay) };
        state.squared_gradient = self.averaged(state.squared_gradient, gradient.clone());
        let step =
            self.root(state.squared_step.clone()) / self.root(state.squared_gradient.clone()) * gradient;
        state.squared_step = self.averaged(state.squared_step, step.clone());
        (tensor - step.mul_scalar(lr), Some(state))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        AdadeltaState {
            squared_gradient: state.squared_gradient.to_device(device),
            squared_step: state.squared_step.to_device(device),
        }
    }
}
