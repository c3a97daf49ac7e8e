//! The linear function and its gradients on Burn's CPU backend.

use burn::backend::flex::FlexTensor;
use burn::backend::flex::ops::matmul::matmul;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;

use crate::flex::values;

use super::LinearOps;

impl LinearOps for Flex {
    fn row_linear(input: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        let mut output = matmul(input, weight.transpose(0, 1));
        let bias = bias.to_contiguous();
        let bias = values(&bias);
        for row in output.storage_mut::<f32>().chunks_exact_mut(bias.len().max(1)) {
            row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        }
        output
    }
}

/// The gradient `[n, c_in]` of the input for that of the output.
pub(super) fn input_gradient(grad: FlexTensor, weight: FlexTensor) -> FlexTensor {
    matmul(grad, weight)
}

/// The gradient `[c_out, c_in]` of the weight for that of the output.
pub(super) fn weight_gradient(grad: FlexTensor, input: FlexTensor) -> FlexTensor {
    matmul(grad.transpose(0, 1), input)
}

/// The gradient `[c_out]` of the bias for that of the output.
pub(super) fn bias_gradient(grad: FlexTensor) -> FlexTensor {
    let grad = grad.to_contiguous();
    let [_, outputs] = grad.shape().dims();
    let mut gradient = vec![0.0; outputs];
    for row in values(&grad).chunks_exact(outputs.max(1)) {
        gradient.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    FlexTensor::from_data(TensorData::new(gradient, [outputs]))
}
