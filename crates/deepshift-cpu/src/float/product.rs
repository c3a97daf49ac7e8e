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

/// Rows of a Gram matrix that one thread computes at a time.
const BAND: usize = 64;

/// `out[i][j] = sum over samples of x[sample][i] * y[sample][j]`, on several threads; `out` does not depend on their number.
/// With `symmetric`, `y` being `x`, only `j` up to `i` (and a few more) is computed.
///
/// Panics where the lengths do not fit each other.
pub fn gram(x: &[f32], y: &[f32], [width, height]: [usize; 2], symmetric: bool) -> Vec<f32> {
    let samples = x.len() / width.max(1);
    assert!(x.len() == samples * width && y.len() == samples * height, "samples are not whole");
    let mut out = vec![0.0; width * height];
    if samples == 0 {
        return out;
    }
    crate::workers::for_each_block(true, &mut out, BAND * height, |_: &mut (), band, out| {
        let rows = out.len() / height;
        let columns = if symmetric { height.min(band * BAND + rows) } else { height };
        let [width, height] = [width as isize, height as isize];
        // SAFETY: `gemm` touches `columns` of each of `rows` rows of `out`, the columns of `x` from `band * BAND` on, of
        // which there are `rows`, and the first `columns` of `y`, in each of the `samples`.
        unsafe {
            gemm::gemm(
                rows,
                columns,
                samples,
                out.as_mut_ptr(),
                1,
                height,
                false,
                x.as_ptr().add(band * BAND),
                width,
                1,
                y.as_ptr(),
                1,
                height,
                0.0,
                1.0,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    });
    out
}

/// A matrix whose rows are `stride` apart.
pub(super) struct Strided<'a> {
    pub values: &'a mut [f32],
    pub stride: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gram_matrix_is_a_sum_of_products() {
        let values = |count: usize, step: usize| -> Vec<f32> {
            (0..count).map(|i| (i * step % 13) as f32 - 6.0).collect()
        };
        for [samples, width, height] in [[3, 150, 150], [7, 65, 4], [1, 1, 1], [0, 3, 2]] {
            let (x, y) = (values(samples * width, 7), values(samples * height, 5));
            let expected = |i: usize, j: usize, y: &[f32], height: usize| -> f32 {
                (0..samples).map(|s| x[s * width + i] * y[s * height + j]).sum()
            };
            let full = gram(&x, &y, [width, height], false);
            let half = gram(&x, &x, [width, width], true);
            for i in 0..width {
                for j in 0..height {
                    assert_eq!(full[i * height + j], expected(i, j, &y, height), "{i} {j}");
                }
                for j in 0..=i {
                    assert_eq!(half[i * width + j], expected(i, j, &x, width), "{i} {j}");
                }
            }
        }
    }
}
