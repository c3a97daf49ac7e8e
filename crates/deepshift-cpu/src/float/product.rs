//! Products of f32 matrices.

use crate::context::Context;
use gemm::Parallelism;
use std::ops::Range;

/// Weights `[channel][depth]`.
pub(super) struct Matrix {
    weights: Vec<f32>,
    depth: usize,
}

impl Matrix {
    pub fn new(weights: Vec<f32>, depth: usize) -> Self {
        Self { weights, depth }
    }

    /// `out[row][channel] += sum over k of rows[row][k] * weights[channel][k]` for some of the channels.
    ///
    /// Panics where the lengths do not fit each other.
    pub fn add_product(&self, _: Context, rows: &[f32], channels: Range<usize>, out: Strided) {
        let weights = &self.weights[channels.start * self.depth..channels.end * self.depth];
        add_product(rows, weights, self.depth, out);
    }
}

fn add_product(rows: &[f32], weights: &[f32], depth: usize, out: Strided) {
    let (height, width) = (rows.len() / depth, weights.len() / depth);
    assert!(rows.len() == height * depth && weights.len() == width * depth, "rows are not whole");
    assert!(height > 0 && width > 0 && width <= out.stride, "nothing to multiply");
    assert!(out.values.len() >= (height - 1) * out.stride + width, "the output is too short");
    let [depth, stride] = [depth as isize, out.stride as isize];
    // SAFETY: with the strides given, `gemm` touches `height * depth` values of `rows`, `width * depth` of `weights`
    // and `width` at the start of each of `height` rows of `out`: the assertions above.
    unsafe {
        gemm::gemm(
            height,
            width,
            depth as usize,
            out.values.as_mut_ptr(),
            1,
            stride,
            true,
            rows.as_ptr(),
            1,
            depth,
            weights.as_ptr(),
            depth,
            1,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// A matrix whose rows are `stride` apart.
pub(super) struct Strided<'a> {
    pub values: &'a mut [f32],
    pub stride: usize,
}
