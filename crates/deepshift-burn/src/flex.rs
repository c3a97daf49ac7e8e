//! What the operations on Burn's CPU backend share.

use burn::backend::flex::FlexTensor;

/// The elements of a tensor, which the callers made contiguous.
///
/// # Panics
/// When they are no f32.
pub(crate) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("operations of this crate compute with f32 tensors")
}
