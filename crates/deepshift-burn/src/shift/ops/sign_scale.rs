//! The weight of type DenseShift on Burn's CPU backend, and its gradients in Burn's graph.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use std::slice::ChunksExact;

use super::SignScaleOps;
use super::flex::TASK;
use super::rounding::exp2;
use crate::flex::{tensor, values};
use crate::parallel::*;

impl SignScaleOps for Flex {
    fn sign_scale_weight(sign: FlexTensor, scale: FlexTensor) -> FlexTensor {
        let (sign, scale) = (sign.to_contiguous(), scale.to_contiguous());
        let sign_values = values(&sign);
        let mut weight = vec![0.0; sign_values.len()];
        for scale in rows(&scale, weight.len()) {
            update(&mut weight, scale, |steps, x| *steps = (*steps + 1.0) * gate(x));
        }
        let lowest = lowest_exponent(&scale);
        update(&mut weight, sign_values, |steps, sign| *steps = signed(sign, power(*steps, lowest)));
        tensor(weight, &sign.shape())
    }
}

impl<C: CheckpointStrategy> SignScaleOps for Autodiff<Flex, C> {
    fn sign_scale_weight(sign: FloatTensor<Self>, scale: FloatTensor<Self>) -> FloatTensor<Self> {
        let (sign, sign_node) = sign.into_parts();
        let (scale, scale_node) = scale.into_parts();
        let weight = Flex::sign_scale_weight(sign.clone(), scale.clone());
        match SignScaleWeight.prepare::<C>([sign_node, scale_node]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => preparation.finish((sign, scale), weight),
            OpsKind::UnTracked(preparation) => preparation.finish(weight),
        }
    }
}

#[derive(Debug)]
struct SignScaleWeight;

impl Backward<Flex, 2> for SignScaleWeight {
    /// Sign and scale.
    type State = (FlexTensor, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let (sign, scale) = ops.state;
        let gradients = gradients(sign, scale, grad);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// The gradients of `sign` and `scale` for that of the weight.
fn gradients(sign: FlexTensor, scale: FlexTensor, grad: FlexTensor) -> [FlexTensor; 2] {
    let (sign, scale, grad) = (sign.to_contiguous(), scale.to_contiguous(), grad.to_contiguous());
    let (mut sign_gradient, mut scale_gradient) = (values(&grad).to_vec(), Vec::new());
    // Each variable is multiplied by `1 + S` of those before it; behind the last this is that of the whole.
    let mut factor = vec![1.0; sign_gradient.len()];
    for scale in rows(&scale, factor.len()) {
        scale_gradient.extend_from_slice(&factor);
        update(&mut factor, scale, |factor, x| *factor = 1.0 + *factor * gate(x));
    }
    let unit = deepshift_core::round::exp2(lowest_exponent(&scale));
    update(&mut sign_gradient, &factor, |grad, length| *grad *= unit * length.sqrt());
    let mut reached = factor;
    update(&mut reached, &sign_gradient, |length, grad| *length = 0.5 * grad / *length);
    update(&mut reached, values(&sign), |grad, sign| *grad = signed(sign, *grad));
    let length = reached.len().max(1);
    for (scale, gradient) in rows(&scale, length).zip(scale_gradient.chunks_exact_mut(length)).rev() {
        update(gradient, &reached, |factor, grad| *factor *= grad);
        update(&mut reached, scale, |grad, x| *grad *= gate(x));
    }
    [tensor(sign_gradient, &sign.shape()), tensor(scale_gradient, &scale.shape())]
}

/// The variables of one step for all weights, step after step.
fn rows(scale: &FlexTensor, weights: usize) -> ChunksExact<'_, f32> {
    values(scale).chunks_exact(weights.max(1))
}

fn lowest_exponent(scale: &FlexTensor) -> i32 {
    -(scale.shape()[0] as i32)
}

/// 1 where a variable is above zero, else 0; what is no finite number gives none.
fn gate(x: f32) -> f32 {
    let open = if x > 0.0 { 1.0 } else { 0.0 };
    open + 0.0 * x
}

/// `2^(lowest + steps)` for an integral number of steps, at most to 1; NaN stays NaN.
fn power(steps: f32, lowest: i32) -> f32 {
    let exponent = steps + lowest as f32;
    // The smallest weight of 8 bits is not a normal number.
    let power = if exponent < -126.0 { deepshift_core::round::exp2(lowest) } else { exp2(exponent) };
    if steps.is_nan() { steps } else { power }
}

/// The magnitude with a sign, zero counting as positive; NaN in either gives NaN.
fn signed(sign: f32, magnitude: f32) -> f32 {
    let signed = if sign < 0.0 { -magnitude } else { magnitude };
    if sign.is_nan() { sign } else { signed }
}

/// Changes each element by the one of a slice of the same length.
fn update(elements: &mut [f32], by: &[f32], change: impl Fn(&mut f32, f32) + Sync) {
    elements.par_chunks_mut(TASK).enumerate().for_each(|(piece, elements)| {
        let by = &by[piece * TASK..][..elements.len()];
        elements.iter_mut().zip(by).for_each(|(element, &by)| change(element, by));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shift::uniform;

    /// The definition, one weight at a time: weight, gradient of the sign, gradients of the steps.
    fn reference(sign: f32, scale: &[f32], grad: f32) -> (f32, f32, Vec<f32>) {
        let steps = |scale: &[f32]| scale.iter().rev().take_while(|&&x| x > 0.0).count() as i32;
        let unit = 2f32.powi(-(scale.len() as i32));
        let sign = if sign < 0.0 { -1.0 } else { 1.0 };
        let root = (1.0 + steps(scale) as f32).sqrt();
        let scale_gradient = (0..scale.len()).map(|index| {
            let (before, later) = (&scale[..index], &scale[index + 1..]);
            let is_open = steps(later) as usize == later.len();
            let length = if is_open { 1.0 + steps(before) as f32 } else { 0.0 };
            grad * unit * sign * 0.5 / root * length
        });
        (sign * unit * 2f32.powi(steps(scale)), grad * unit * root, scale_gradient.collect())
    }

    fn assert_close(actual: f32, expected: f32) {
        let allowed = 1e-6 * expected.abs() + f32::MIN_POSITIVE;
        assert!((actual - expected).abs() <= allowed, "{actual:e} is not {expected:e}");
    }

    #[test]
    fn equal_to_the_definition() {
        // More weights than one task takes, so that pieces meet.
        for (count, weights) in [(1, 3), (3, TASK + 5), (7, 1000), (127, 20)] {
            let mut random = (0..).map(|index| uniform(count as u64, index) - 0.4);
            let mut draw = |length: usize| random.by_ref().take(length).collect::<Vec<f32>>();
            let (mut sign, mut scale, grad) = (draw(weights), draw(count * weights), draw(weights));
            sign[0] = 0.0;
            scale[1] = 0.0;
            // All steps, which chance never gives where there are many.
            scale.iter_mut().skip(2).step_by(weights).for_each(|x| *x = 0.5);
            let shaped = |values: &[f32], shape: &[usize]| tensor(values.to_vec(), shape);
            let (sign_tensor, scale_tensor) = (shaped(&sign, &[weights]), shaped(&scale, &[count, weights]));
            let weight = Flex::sign_scale_weight(sign_tensor.clone(), scale_tensor.clone());
            let [sign_gradient, scale_gradient] =
                gradients(sign_tensor, scale_tensor, shaped(&grad, &[weights]));
            for index in 0..weights {
                let column = |values: &[f32]| values.iter().skip(index).step_by(weights).copied().collect();
                let steps: Vec<f32> = column(&scale);
                let (expected, sign_expected, scale_expected) = reference(sign[index], &steps, grad[index]);
                assert_eq!(values(&weight)[index], expected, "{steps:?}");
                assert_close(values(&sign_gradient)[index], sign_expected);
                let actual: Vec<f32> = column(values(&scale_gradient));
                actual
                    .iter()
                    .zip(&scale_expected)
                    .for_each(|(&actual, &expected)| assert_close(actual, expected));
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let weight = |sign: f32, scale: f32| {
            let weight = Flex::sign_scale_weight(tensor(vec![sign], &[1]), tensor(vec![1.0, scale], &[2, 1]));
            values(&weight)[0]
        };
        assert_eq!([weight(-1.0, 1.0), weight(-0.0, 1.0), weight(1.0, -1.0)], [-1.0, 1.0, 0.25]);
        assert!(weight(f32::NAN, 1.0).is_nan() && weight(1.0, f32::NAN).is_nan());
        assert!(weight(1.0, f32::INFINITY).is_nan());
    }
}
