//! The linear function and its gradients on one thread of a browser, leaving zeros out.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use crate::flex::{tensor, values};
use crate::sparse::Sparse;

/// `[n, c_in]` to `[n, c_out]`.
pub(super) fn forward(input: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
    let (input, weight, bias) = (input.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
    let [rows, _] = input.shape().dims();
    let [outputs, inputs] = weight.shape().dims();
    let mut output = values(&bias).repeat(rows);
    Sparse::new(values(&input), rows, outputs).add_product(&transposed(values(&weight), inputs), &mut output);
    tensor(output, &[rows, outputs])
}

/// The gradient `[n, c_in]` of the input for that of the output.
pub(super) fn input_gradient(grad: FlexTensor, weight: FlexTensor) -> FlexTensor {
    let (grad, weight) = (grad.to_contiguous(), weight.to_contiguous());
    let [rows, _] = grad.shape().dims();
    let [_, inputs] = weight.shape().dims();
    let mut gradient = vec![0.0; rows * inputs];
    Sparse::new(values(&grad), rows, inputs).add_product(values(&weight), &mut gradient);
    tensor(gradient, &[rows, inputs])
}

/// The gradient `[c_out, c_in]` of the weight for that of the output.
pub(super) fn weight_gradient(grad: FlexTensor, input: FlexTensor) -> FlexTensor {
    let (grad, input) = (grad.to_contiguous(), input.to_contiguous());
    let [_, outputs] = grad.shape().dims();
    let [_, inputs] = input.shape().dims();
    let mut gradient = vec![0.0; outputs * inputs];
    Sparse::transposed(values(&grad), outputs, inputs).add_product(values(&input), &mut gradient);
    tensor(gradient, &[outputs, inputs])
}

/// The row-major matrix `[.., columns]` with rows and columns exchanged, in tiles that stay in the cache.
fn transposed(matrix: &[f32], columns: usize) -> Vec<f32> {
    const TILE: usize = 16;
    let rows = matrix.len() / columns.max(1);
    let mut result = vec![0.0; matrix.len()];
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for row in top..(top + TILE).min(rows) {
                let line = &matrix[row * columns..][left..(left + TILE).min(columns)];
                line.iter().zip(left..).for_each(|(&value, column)| result[column * rows + row] = value);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::flex;
    use super::*;

    /// Two of three are zero; sums of the rest are exact.
    fn numbers(shape: [usize; 2], seed: usize) -> FlexTensor {
        let value = |index: usize| {
            let mixed = index.wrapping_mul(40_503).wrapping_add(seed * 31) >> 3;
            if mixed.is_multiple_of(3) { (mixed % 9) as f32 - 4.0 } else { 0.0 }
        };
        tensor((0..shape[0] * shape[1]).map(value).collect(), &shape)
    }

    #[test]
    fn equal_to_the_dense_products() {
        for [rows, inputs, outputs] in [[1, 1, 1], [7, 33, 10], [64, 300, 17]] {
            let (x, w) = (numbers([rows, inputs], 1), numbers([outputs, inputs], 2));
            let bias = tensor((0..outputs).map(|output| output as f32).collect(), &[outputs]);
            let grad = numbers([rows, outputs], 3);
            let pairs = [
                (forward(x.clone(), w.clone(), bias.clone()), flex::forward(x.clone(), w.clone(), bias)),
                (input_gradient(grad.clone(), w.clone()), flex::input_gradient(grad.clone(), w)),
                (weight_gradient(grad.clone(), x.clone()), flex::weight_gradient(grad, x).to_contiguous()),
            ];
            for (ours, dense) in pairs {
                assert_eq!((ours.shape(), values(&ours)), (dense.shape(), values(&dense)));
            }
        }
    }
}
