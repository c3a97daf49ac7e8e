//! Convolution on Burn's CPU backend, and its gradients in Burn's graph.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::ops::ConvOptions;

use super::ConvolutionOps;
use super::cpu;
use crate::flex::{tensor, values};

impl ConvolutionOps for Flex {
    fn column_conv2d(
        input: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        options: ConvOptions<2>,
    ) -> FlexTensor {
        cpu::forward(input, weight, bias, &options)
    }
}

impl<C: CheckpointStrategy> ConvolutionOps for Autodiff<Flex, C> {
    fn column_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvOptions<2>,
    ) -> FloatTensor<Self> {
        let (input, input_node) = input.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let output = Flex::column_conv2d(input.clone(), weight.clone(), bias, options.clone());
        let preparation =
            Conv2d.prepare::<C>([input_node, weight_node, bias_node]).compute_bound().stateful();
        match preparation {
            OpsKind::Tracked(preparation) => preparation.finish((input, weight, options), output),
            OpsKind::UnTracked(preparation) => preparation.finish(output),
        }
    }
}

#[derive(Debug)]
struct Conv2d;

impl Backward<Flex, 3> for Conv2d {
    /// Input, weight and options.
    type State = (FlexTensor, FlexTensor, ConvOptions<2>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let [input_node, weight_node, bias_node] = ops.parents;
        let (input, weight, options) = ops.state;
        if let Some(node) = bias_node {
            grads.register::<Flex>(node.id, bias_gradient(grad.clone()));
        }
        let shape = input.shape();
        if let Some(node) = weight_node {
            let gradient = cpu::weight_gradient(grad.clone(), input, &weight.shape(), &options);
            grads.register::<Flex>(node.id, gradient);
        }
        if let Some(node) = input_node {
            grads.register::<Flex>(node.id, cpu::input_gradient(grad, weight, &shape, &options));
        }
    }
}

/// The gradient `[c_out]` of the bias for that of the output `[n, c_out, h', w']`.
fn bias_gradient(grad: FlexTensor) -> FlexTensor {
    let grad = grad.to_contiguous();
    let [_, channels, height, width] = grad.shape().dims();
    let mut gradient = vec![0.0; channels];
    for (index, plane) in values(&grad).chunks_exact((height * width).max(1)).enumerate() {
        gradient[index % channels] += plane.iter().sum::<f32>();
    }
    tensor(gradient, &[channels])
}
