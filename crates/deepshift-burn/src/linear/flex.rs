//! The linear function and its gradients on Burn's CPU backend.

use burn::backend::flex::FlexTensor;
use burn::backend::flex::ops::matmul::matmul;

use crate::flex::values;

/// `[n, c_in]` to `[n, c_out]`.
pub(super) fn forward(input: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
    let mut output = matmul(input, weight.transpose(0, 1));
    let bias = bias.to_contiguous();
    let bias = values(&bias);
    for row in output.storage_mut::<f32>().chunks_exact_mut(bias.len().max(1)) {
        row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
    }
    output
}

/// The gradient `[n, c_in]` of the input for that of the output.
pub(super) fn input_gradient(grad: FlexTensor, weight: FlexTensor) -> FlexTensor {
    matmul(grad, weight)
}

/// The gradient `[c_out, c_in]` of the weight for that of the output.
pub(super) fn weight_gradient(grad: FlexTensor, input: FlexTensor) -> FlexTensor {
    matmul(grad.transpose(0, 1), input)
}
