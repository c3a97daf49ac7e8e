//! The gradients of the original, for every backend that has the operations.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

use super::ShiftOps;

impl<B: ShiftOps, C: CheckpointStrategy> ShiftOps for Autodiff<B, C> {
    fn quantize_weight(
        weight: FloatTensor<Self>,
        lowest_exponent: i32,
        noise: Option<u64>,
    ) -> FloatTensor<Self> {
        straight_through::<B, C>(weight, |weight| B::quantize_weight(weight, lowest_exponent, noise))
    }

    fn compose_weight(
        shift: FloatTensor<Self>,
        sign: FloatTensor<Self>,
        lowest_exponent: i32,
        noise: Option<u64>,
    ) -> FloatTensor<Self> {
        let (shift, shift_node) = shift.into_parts();
        let (sign, sign_node) = sign.into_parts();
        let weight = B::compose_weight(shift, sign, lowest_exponent, noise);
        match ComposeWeight.prepare::<C>([shift_node, sign_node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(weight.clone(), weight),
            OpsKind::UnTracked(prep) => prep.finish(weight),
        }
    }

    fn fixed_point(input: FloatTensor<Self>, integer_bits: u32, fraction_bits: u32) -> FloatTensor<Self> {
        straight_through::<B, C>(input, |input| B::fixed_point(input, integer_bits, fraction_bits))
    }
}

/// Applies `forward`, whose gradient is taken to be 1.
fn straight_through<B: Backend, C: CheckpointStrategy>(
    input: FloatTensor<Autodiff<B, C>>,
    forward: impl FnOnce(FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>> {
    let (input, node) = input.into_parts();
    StraightThrough.prepare::<C>([node]).compute_bound().stateless(forward(input))
}

#[derive(Debug)]
struct StraightThrough;

impl<B: Backend> Backward<B, 1> for StraightThrough {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, grads, |grad| grad);
    }
}

#[derive(Debug)]
struct ComposeWeight;

impl<B: Backend> Backward<B, 2> for ComposeWeight {
    /// The composed weight.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [shift, sign] = ops.parents;
        if let Some(shift) = shift {
            let weight = B::float_mul_scalar(ops.state, std::f32::consts::LN_2.into());
            grads.register::<B>(shift.id, B::float_mul(grad.clone(), weight));
        }
        if let Some(sign) = sign {
            grads.register::<B>(sign.id, grad);
        }
    }
}
