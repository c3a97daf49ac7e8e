//! Batch normalisation on Burn's CPU backend, and its gradients in Burn's graph.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};

use super::NormOps;
use super::flex::{self, NormGradients, Normalized};

impl NormOps for Flex {
    fn channel_moments(input: FlexTensor) -> FlexTensor {
        flex::channel_moments(input)
    }

    fn normalize(
        input: FlexTensor,
        moments: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f32,
        rectified: bool,
    ) -> FlexTensor {
        Normalized::new(input, moments, [gamma, beta], epsilon, rectified).output(None)
    }

    fn normalize_and_add(
        input: FlexTensor,
        moments: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        addend: FlexTensor,
        epsilon: f32,
        rectified: bool,
    ) -> FlexTensor {
        Normalized::new(input, moments, [gamma, beta], epsilon, rectified).output(Some(addend))
    }
}

impl<C: CheckpointStrategy> NormOps for Autodiff<Flex, C> {
    fn channel_moments(input: FloatTensor<Self>) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(flex::channel_moments(input.into_parts().0))
    }

    fn normalize(
        input: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
        rectified: bool,
    ) -> FloatTensor<Self> {
        let (input, input_node) = input.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let moments = moments.into_parts().0;
        let mut normalized = Normalized::new(input, moments, [gamma, beta], epsilon, rectified);
        let output = normalized.output(None);
        match Norm.prepare::<C>([input_node, gamma_node, beta_node]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => preparation.finish(normalized, output),
            OpsKind::UnTracked(preparation) => preparation.finish(output),
        }
    }

    fn normalize_and_add(
        input: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        addend: FloatTensor<Self>,
        epsilon: f32,
        rectified: bool,
    ) -> FloatTensor<Self> {
        let (input, input_node) = input.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let (addend, addend_node) = addend.into_parts();
        let moments = moments.into_parts().0;
        let mut normalized = Normalized::new(input, moments, [gamma, beta], epsilon, rectified);
        let output = normalized.output(Some(addend));
        let nodes = [input_node, gamma_node, beta_node, addend_node];
        match NormAndAdd.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => preparation.finish(normalized, output),
            OpsKind::UnTracked(preparation) => preparation.finish(output),
        }
    }
}

#[derive(Debug)]
struct Norm;

impl Backward<Flex, 3> for Norm {
    type State = Normalized;

    fn backward(self, ops: Ops<Normalized, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let NormGradients { input, gamma, beta, .. } = ops.state.gradients(grad);
        for (node, gradient) in ops.parents.into_iter().zip([input, gamma, beta]) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct NormAndAdd;

impl Backward<Flex, 4> for NormAndAdd {
    type State = Normalized;

    fn backward(self, ops: Ops<Normalized, 4>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let NormGradients { input, gamma, beta, addend } = ops.state.gradients(grad);
        let gradients = [Some(input), Some(gamma), Some(beta), addend];
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some((node, gradient)) = node.zip(gradient) {
                grads.register::<Flex>(node.id, gradient);
            }
        }
    }
}
