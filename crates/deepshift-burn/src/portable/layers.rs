//! Convolution, linear layers and batch normalisation.

use crate::norm::Normalization;
use burn::tensor::{Tensor, activation};

/// `x W^T + b` of an input `[n, c_in]`, a weight `[c_out, c_in]` and a bias `[c_out]`.
pub(crate) fn linear(input: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    input.matmul(weight.transpose()) + bias.unsqueeze()
}

/// As the kernel of this name: mean and biased variance `[2, c]`.
pub(crate) fn channel_moments<const D: usize>(input: Tensor<D>) -> Tensor<2> {
    let [mean, variance] = moments(input);
    Tensor::stack(vec![mean, variance], 0)
}

fn moments<const D: usize>(input: Tensor<D>) -> [Tensor<1>; 2] {
    let [images, channels] = [input.dims()[0], input.dims()[1]];
    let pixels = input.shape().num_elements() / (images * channels).max(1);
    let of_channels = |x: Tensor<3>| x.mean_dim(2).mean_dim(0);
    let input: Tensor<3> = input.reshape([images, channels, pixels]);
    let mean = of_channels(input.clone());
    let difference = input - mean.clone();
    let variance = of_channels(difference.clone() * difference);
    [mean, variance].map(|moment| moment.reshape([channels]))
}

/// As the kernel of this name. In the graph of gradients the moments are computed once more, since those that are given
/// stand outside it.
pub(crate) fn normalize<const D: usize>(
    input: Tensor<D>,
    given: Tensor<2>,
    operation: Normalization<D>,
) -> Tensor<D> {
    let channels = input.dims()[1];
    let [mean, variance] = if input.device().is_autodiff() {
        moments(input.clone())
    } else {
        [0, 1].map(|row| given.clone().narrow(0, row, 1).reshape([channels]))
    };
    let mut shape = [1; D];
    shape[1] = channels;
    let scale = operation.gamma / (variance + operation.epsilon).sqrt();
    let offset = operation.beta - mean * scale.clone();
    let output = input * scale.reshape(shape) + offset.reshape(shape);
    let output = if let Some(addend) = operation.addend { output + addend } else { output };
    if operation.rectified { activation::relu(output) } else { output }
}
