//! Circular padding as the original has it.

use burn::tensor::Tensor;

/// Wraps pictures `[n, c, h, w]` around: `padding` more rows and columns **in total** per axis, `(p + 1) / 2` before and
/// `p / 2` after. (PyTorch today adds `p` on each side.)
///
/// # Panics
///
/// When more is added on a side than the axis is long.
pub(super) fn pad(input: Tensor<4>, padding: [usize; 2]) -> Tensor<4> {
    pad_axis(pad_axis(input, 2, padding[0]), 3, padding[1])
}

fn pad_axis(input: Tensor<4>, axis: usize, padding: usize) -> Tensor<4> {
    if padding == 0 {
        return input;
    }
    let length = input.dims()[axis];
    let (before, after) = (padding.div_ceil(2), padding / 2);
    assert!(before <= length, "circular padding of {before} on an axis of length {length}");
    let mut parts = vec![input.clone().narrow(axis, length - before, before), input.clone()];
    if after > 0 {
        parts.push(input.narrow(axis, 0, after));
    }
    Tensor::cat(parts, axis)
}
