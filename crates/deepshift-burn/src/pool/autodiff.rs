//! The gradient of max pooling in Burn's graph.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::Shape;

use super::PoolingOps;
use super::flex::{input_gradient, max_pool2d};

impl<C: CheckpointStrategy> PoolingOps for Autodiff<Flex, C> {
    fn plain_max_pool2d(
        input: FloatTensor<Self>,
        kernel: [usize; 2],
        stride: [usize; 2],
    ) -> FloatTensor<Self> {
        let (input, node) = input.into_parts();
        let shape = input.shape();
        let (output, sources) = max_pool2d(input, kernel, stride);
        match MaxPool2d.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => preparation.finish((sources.into(), shape), output),
            OpsKind::UnTracked(preparation) => preparation.finish(output),
        }
    }
}

#[derive(Debug)]
struct MaxPool2d;

impl Backward<Flex, 1> for MaxPool2d {
    /// Where each output came from, and the shape of the input.
    type State = (Arc<[u32]>, Shape);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let (sources, input) = ops.state;
        unary::<Flex, _>(ops.parents, ops.node, grads, |grad| input_gradient(grad, &sources, &input));
    }
}
