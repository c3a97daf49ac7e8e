//! Ranger: RAdam with lookahead.

use burn::config::Config;
use burn::optim::{LearningRate, ModuleOptimizer, Optimizer, RecordState, StateSink, StateSource, join_path};
use burn::tensor::{Device, Tensor};

use super::record::take_tensor;
use super::rectified::{RectifiedMoments, RectifiedStep};

/// Configuration of [`Ranger`].
#[derive(Config, Debug)]
pub struct RangerConfig {
    /// Decay of the running average of the gradient, in `0..1`.
    #[config(default = 0.95)]
    pub beta_1: f64,
    /// Decay of the running average of the squared gradient, in `0..1`.
    #[config(default = 0.999)]
    pub beta_2: f64,
    /// Added to the denominator.
    #[config(default = 1e-5)]
    pub epsilon: f64,
    /// Decoupled weight decay: the parameter loses `learning rate * weight_decay` of itself in each step.
    #[config(default = 0.0)]
    pub weight_decay: f64,
    /// Steps between two moves of the slow weights; 0 never moves them.
    #[config(default = 6)]
    pub lookahead_steps: u32,
    /// How far the slow weights move towards the fast ones: 1 is all the way.
    #[config(default = 0.5)]
    pub lookahead_rate: f64,
}

impl RangerConfig {
    /// The bare optimizer, for [`ModuleOptimizer::with_group`].
    pub fn build(&self) -> Ranger {
        Ranger {
            step: RectifiedStep {
                beta_1: self.beta_1,
                beta_2: self.beta_2,
                epsilon: self.epsilon,
                weight_decay: self.weight_decay,
            },
            lookahead_steps: self.lookahead_steps,
            lookahead_rate: self.lookahead_rate,
        }
    }

    /// An optimizer of all parameters of a module.
    pub fn init(&self) -> ModuleOptimizer {
        ModuleOptimizer::from(self.build())
    }
}

/// Ranger as the original DeepShift uses it (Less Wright, 2019): the step of [`RAdam`](super::RAdam), and every few
/// steps slow weights move a part of the way towards the parameter, which then continues from them (Zhang et al.,
/// "Lookahead Optimizer", 2019, <https://arxiv.org/abs/1907.08610>).
#[derive(Clone, Debug)]
pub struct Ranger {
    step: RectifiedStep,
    lookahead_steps: u32,
    lookahead_rate: f64,
}

/// State of [`Ranger`] for one parameter.
#[derive(Clone, Debug)]
pub struct RangerState<const D: usize> {
    /// Moments of the gradient.
    pub moments: RectifiedMoments<D>,
    /// The slow weights, in the parameter's shape; first the parameter before its first step.
    pub slow: Tensor<D>,
}

impl<const D: usize> RecordState for RangerState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        self.moments.state_flatten(&join_path(prefix, "moments"), out);
        out.push_tensor(prefix, "slow", self.slow.to_data());
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        let moments = RectifiedMoments::state_unflatten(&join_path(prefix, "moments"), src, device)?;
        let slow = take_tensor(src, prefix, "slow", device)?;
        Some(Self { moments, slow })
    }
}

impl Optimizer for Ranger {
    type State<const D: usize> = RangerState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let RangerState { moments, slow } = state
            .unwrap_or_else(|| RangerState { moments: RectifiedMoments::new(&tensor), slow: tensor.clone() });
        let (fast, moments) = self.step.apply(lr, tensor, grad, moments);
        let looks_ahead = self.lookahead_steps > 0 && moments.steps.is_multiple_of(self.lookahead_steps);
        if !looks_ahead {
            return (fast, Some(RangerState { moments, slow }));
        }
        let slow = slow.clone() + (fast - slow).mul_scalar(self.lookahead_rate);
        (slow.clone(), Some(RangerState { moments, slow }))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        RangerState { moments: state.moments.moved_to(device), slow: state.slow.to_device(device) }
    }
}
