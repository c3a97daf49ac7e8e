//! What the operations on Burn's CPU backend share.

use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

/// The elements of a tensor, which the callers made contiguous.
///
/// # Panics
/// When they are no f32.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("operations of this crate compute with f32 tensors")
}

/// The tensor with its elements in row-major order; unlike `to_contiguous` it keeps no second reference, so that memory
/// can be used again.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// A tensor of these row-major values.
pub(crate) fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.to_vec()))
}

/// The elements of a tensor that the callers made contiguous, to be written; copied first if the tensor is shared.
///
/// # Panics
/// When they are no f32.
pub(crate) fn values_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    let (start, end) = tensor.layout().contiguous_offsets().expect("a contiguous tensor");
    &mut tensor.storage_mut()[start..end]
}
