//! The linear function on Burn's CPU backend, and its gradients in Burn's graph.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};

use super::LinearOps;
use super::cpu;
use crate::flex::{tensor, values};

impl LinearOps for Flex {
    fn row_linear(input: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        cpu::forward(input, weight, bias)
    }
}

impl<C: CheckpointStrategy> LinearOps for Autodiff<Flex, C> {
    fn row_linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (input, input_node) = input.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let output = Flex::row_linear(input.clone(), weight.clone(), bias);
        match Linear.prepare::<C>([input_node, weight_node, bias_node]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => preparation.finish((input, weight), output),
            OpsKind::UnTracked(preparation) => preparation.finish(output),
        }
    }
}

#[derive(Debug)]
struct Linear;

impl Backward<Flex, 3> for Linear {
    /// Input and weight.
    type State = (FlexTensor, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let [input_node, weight_node, bias_node] = ops.parents;
        let (input, weight) = ops.state;
        if let Some(node) = bias_node {
            grads.register::<Flex>(node.id, bias_gradient(grad.clone()));
        }
        if let Some(node) = weight_node {
            grads.register::<Flex>(node.id, cpu::weight_gradient(grad.clone(), input));
        }
        if let Some(node) = input_node {
            grads.register::<Flex>(node.id, cpu::input_gradient(grad, weight));
        }
    }
}

/// The gradient `[c_out]` of the bias for that of the output.
fn bias_gradient(grad: FlexTensor) -> FlexTensor {
    let grad = grad.to_contiguous();
    let [_, outputs] = grad.shape().dims();
    let mut gradient = vec![0.0; outputs];
    for row in values(&grad).chunks_exact(outputs.max(1)) {
        gradient.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    tensor(gradient, &[outputs])
}
