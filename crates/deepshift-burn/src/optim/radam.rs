//! RAdam: Adam whose adaptive rate is held back until its variance is known.

use burn::config::Config;
use burn::optim::{LearningRate, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Tensor};

use super::rectified::{RectifiedMoments, RectifiedStep};

/// Configuration of [`RAdam`].
#[derive(Config, Debug)]
pub struct RAdamConfig {
    /// Decay of the running average of the gradient, in `0..1`.
    #[config(default = 0.9)]
    pub beta_1: f64,
    /// Decay of the running average of the squared gradient, in `0..1`.
    #[config(default = 0.999)]
    pub beta_2: f64,
    /// Added to the denominator.
    #[config(default = 1e-8)]
    pub epsilon: f64,
    /// Decoupled weight decay: the parameter loses `learning rate * weight_decay` of itself in each step.
    #[config(default = 0.0)]
    pub weight_decay: f64,
}

impl RAdamConfig {
    /// The bare optimizer, for [`ModuleOptimizer::with_group`].
    pub fn build(&self) -> RAdam {
        RAdam {
            step: RectifiedStep {
                beta_1: self.beta_1,
                beta_2: self.beta_2,
                epsilon: self.epsilon,
                weight_decay: self.weight_decay,
            },
        }
    }

    /// An optimizer of all parameters of a module.
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(self.build())
    }
}

/// RAdam as its authors published it, which the original DeepShift uses: Liu et al., "On the Variance of the Adaptive
/// Learning Rate and Beyond" (2020), <https://arxiv.org/abs/1908.03265>.
///
/// Until the rectification is defined (the first five steps with the default `beta_2`) it takes plain momentum steps
/// without a denominator. `torch.optim.RAdam` differs: its weight decay is added to the gradient by default, and its
/// `epsilon` is added before the second moment's bias is corrected away.
#[derive(Clone, Debug)]
pub struct RAdam {
    step: RectifiedStep,
}

impl Optimizer for RAdam {
    type State<const D: usize> = RectifiedMoments<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let moments = state.unwrap_or_else(|| RectifiedMoments::new(&tensor));
        let (tensor, moments) = self.step.apply(lr, tensor, grad, moments);
        (tensor, Some(moments))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.moved_to(device)
    }
}
