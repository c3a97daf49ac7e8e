//! The rectified Adam step that RAdam and Ranger share.

use burn::optim::{RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use super::record::take_tensor;

/// Running moments of one parameter's gradient: the state of [`RAdam`](super::RAdam), and the larger part of
/// [`Ranger`](super::Ranger)'s.
#[derive(Clone, Debug)]
pub struct RectifiedMoments<const D: usize> {
    /// Steps taken so far.
    pub steps: u32,
    /// Exponential average of the gradient, in the parameter's shape.
    pub first: Tensor<D>,
    /// Exponential average of the squared gradient, in the parameter's shape.
    pub second: Tensor<D>,
}

impl<const D: usize> RectifiedMoments<D> {
    /// Moments before the first step, in the shape and on the device of `parameter`.
    pub(super) fn new(parameter: &Tensor<D>) -> Self {
        Self { steps: 0, first: parameter.zeros_like(), second: parameter.zeros_like() }
    }

    /// The same moments on `device`.
    pub(super) fn moved_to(self, device: &Device) -> Self {
        Self { steps: self.steps, first: self.first.to_device(device), second: self.second.to_device(device) }
    }
}

impl<const D: usize> RecordState for RectifiedMoments<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "steps", self.steps.into());
        out.push_tensor(prefix, "first", self.first.to_data());
        out.push_tensor(prefix, "second", self.second.to_data());
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        Some(Self {
            steps: src.take_scalar(prefix, "steps")?.try_into().ok()?,
            first: take_tensor(src, prefix, "first", device)?,
            second: take_tensor(src, prefix, "second", device)?,
        })
    }
}

/// Constants of the rectified Adam step, as in the code of Liu et al., "On the Variance of the Adaptive Learning Rate
/// and Beyond" (2020).
#[derive(Clone, Debug)]
pub(super) struct RectifiedStep {
    /// Decay of the first moment, in `0..1`.
    pub beta_1: f64,
    /// Decay of the second moment, in `0..1`.
    pub beta_2: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// Decoupled weight decay: the parameter loses `learning rate * weight_decay` of itself in each step.
    pub weight_decay: f64,
}

impl RectifiedStep {
    /// Takes one step: the new parameter and its moments.
    pub fn apply<const D: usize>(
        &self,
        learning_rate: f64,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        mut moments: RectifiedMoments<D>,
    ) -> (Tensor<D>, RectifiedMoments<D>) {
        moments.steps += 1;
        moments.second =
            moments.second.mul_scalar(self.beta_2) + gradient.clone().square().mul_scalar(1.0 - self.beta_2);
        moments.first = moments.first.mul_scalar(self.beta_1) + gradient.mul_scalar(1.0 - self.beta_1);

        let scale = learning_rate / (1.0 - power(self.beta_1, moments.steps));
        let update = match self.rectification(moments.steps) {
            Some(rectification) => {
                let denominator = moments.second.clone().sqrt().add_scalar(self.epsilon);
                moments.first.clone().mul_scalar(scale * rectification).div(denominator)
            }
            None => moments.first.clone().mul_scalar(scale),
        };
        (self.decayed(learning_rate, parameter).sub(update), moments)
    }

    fn decayed<const D: usize>(&self, learning_rate: f64, parameter: Tensor<D>) -> Tensor<D> {
        if self.weight_decay == 0.0 {
            return parameter;
        }
        parameter.mul_scalar(1.0 - learning_rate * self.weight_decay)
    }

    /// The factor that corrects the variance of the adaptive rate after `steps` steps, with the second moment's bias
    /// correction; none while the moving average is too short for its variance to be known.
    ///
    /// The published code of RAdam rectifies from a length of 5 on, that of Ranger only above 5. For the default
    /// `beta_2` the length passes from 4.99 to 5.99 between two steps, so the two rules are one.
    fn rectification(&self, steps: u32) -> Option<f64> {
        let beta_2_power = power(self.beta_2, steps);
        let longest = 2.0 / (1.0 - self.beta_2) - 1.0;
        let length = longest - 2.0 * f64::from(steps) * beta_2_power / (1.0 - beta_2_power);
        if length < 5.0 {
            return None;
        }
        let variance = (length - 4.0) / (longest - 4.0) * (length - 2.0) / length * longest / (longest - 2.0);
        Some(((1.0 - beta_2_power) * variance).sqrt())
    }
}

fn power(base: f64, exponent: u32) -> f64 {
    base.powf(f64::from(exponent))
}
