//! Convolution and its gradients on one thread of a browser: picture by picture, leaving zeros out.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;
use burn::tensor::Shape;
use burn::tensor::ops::ConvOptions;

use crate::flex::{tensor, values};
use crate::sparse::Sparse;

use super::columns;
use super::geometry::Geometry;
use super::rows::Rows;

/// Pictures `[n, c_in, h, w]` convolved to `[n, c_out, h', w']`.
pub(super) fn forward(
    input: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    options: &ConvOptions<2>,
) -> FlexTensor {
    let geometry = Geometry::new(&input.shape(), &weight.shape(), options);
    let (input, weight, bias) = (input.to_contiguous(), weight.to_contiguous(), bias.to_contiguous());
    let pixels = geometry.output_pixels();
    let group = Group::new(&geometry);
    let weights: Vec<Sparse> = values(&weight)
        .chunks_exact(group.weights)
        .map(|weight| Sparse::new(weight, group.channels_out, pixels))
        .collect();
    let mut matrix = vec![0.0; geometry.rows() * pixels];
    let mut output = vec![0.0; geometry.images * geometry.channels_out * pixels];
    let pictures = values(&input).chunks_exact(geometry.channels_in * geometry.input_pixels());
    for (picture, output) in pictures.zip(output.chunks_exact_mut(geometry.channels_out * pixels)) {
        columns::gather(&geometry, picture, &mut matrix);
        output.chunks_exact_mut(pixels).zip(values(&bias)).for_each(|(plane, bias)| plane.fill(*bias));
        let of_groups = matrix.chunks_exact(geometry.fan_in() * pixels);
        for ((weight, columns), output) in
            weights.iter().zip(of_groups).zip(output.chunks_exact_mut(group.outputs))
        {
            weight.add_product(columns, output);
        }
    }
    tensor(output, &[geometry.images, geometry.channels_out, geometry.output[0], geometry.output[1]])
}

/// The gradient `[n, c_in, h, w]` of the input, of shape `input`, for that of the output.
pub(super) fn input_gradient(
    grad: FlexTensor,
    weight: FlexTensor,
    input: &Shape,
    options: &ConvOptions<2>,
) -> FlexTensor {
    let geometry = Geometry::new(input, &weight.shape(), options);
    let (grad, weight) = (grad.to_contiguous(), weight.to_contiguous());
    let group = Group::new(&geometry);
    let rows: Vec<Rows> = (0..geometry.groups).map(|group| Rows::new(&geometry, group)).collect();
    let mut matrix = vec![0.0; geometry.output_pixels() * geometry.fan_in()];
    let mut gradient = vec![0.0; input.num_elements()];
    let pictures = gradient.chunks_exact_mut(geometry.channels_in * geometry.input_pixels());
    for (gradient, grad) in pictures.zip(values(&grad).chunks_exact(geometry.groups * group.outputs)) {
        let of_groups = grad.chunks_exact(group.outputs).zip(values(&weight).chunks_exact(group.weights));
        for ((grad, weight), rows) in of_groups.zip(&rows) {
            matrix.fill(0.0);
            Sparse::transposed(grad, geometry.output_pixels(), geometry.fan_in())
                .add_product(weight, &mut matrix);
            rows.scatter(&matrix, gradient);
        }
    }
    tensor(gradient, input.as_slice())
}

/// The gradient of the weight, of shape `[c_out, c_in / groups, kh, kw]`, for that of the output.
pub(super) fn weight_gradient(
    grad: FlexTensor,
    input: FlexTensor,
    weight: &Shape,
    options: &ConvOptions<2>,
) -> FlexTensor {
    let geometry = Geometry::new(&input.shape(), weight, options);
    let (grad, input) = (grad.to_contiguous(), input.to_contiguous());
    let group = Group::new(&geometry);
    let rows: Vec<Rows> = (0..geometry.groups).map(|group| Rows::new(&geometry, group)).collect();
    let mut matrix = vec![0.0; geometry.output_pixels() * geometry.fan_in()];
    let mut gradient = vec![0.0; weight.num_elements()];
    let pictures = values(&input).chunks_exact(geometry.channels_in * geometry.input_pixels());
    for (picture, grad) in pictures.zip(values(&grad).chunks_exact(geometry.groups * group.outputs)) {
        let of_groups = grad.chunks_exact(group.outputs).zip(gradient.chunks_exact_mut(group.weights));
        for ((grad, gradient), rows) in of_groups.zip(&rows) {
            rows.gather(picture, &mut matrix);
            Sparse::new(grad, group.channels_out, geometry.fan_in()).add_product(&matrix, gradient);
        }
    }
    tensor(gradient, weight.as_slice())
}

/// The sizes of one group.
struct Group {
    channels_out: usize,
    /// Values of its weight.
    weights: usize,
    /// Values of its part of an output picture.
    outputs: usize,
}

impl Group {
    fn new(geometry: &Geometry) -> Self {
        let channels_out = geometry.channels_out / geometry.groups;
        Self {
            channels_out,
            weights: channels_out * geometry.fan_in(),
            outputs: channels_out * geometry.output_pixels(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::flex;
    use super::*;

    /// Two of three are zero.
    fn numbers(shape: [usize; 4], seed: f32) -> FlexTensor {
        let count = shape.iter().product::<usize>();
        let value = |index: usize| (index as f32 * 0.37 + seed).sin();
        let value = |index: usize| if index.is_multiple_of(3) { value(index) } else { 0.0 };
        tensor((0..count).map(value).collect(), &shape)
    }

    fn compare(name: &str, ours: &FlexTensor, others: &FlexTensor) {
        assert_eq!(ours.shape(), others.shape(), "{name}");
        let largest = values(others).iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        for (index, (ours, others)) in values(ours).iter().zip(values(others)).enumerate() {
            assert!((ours - others).abs() <= 1e-5 * largest, "{name}, value {index}: {ours}, not {others}");
        }
    }

    #[test]
    fn equal_to_the_dense_products() {
        let case = |input, weight, stride, padding, dilation, groups| {
            (input, weight, ConvOptions::new(stride, padding, dilation, groups))
        };
        for (number, (input, weight, options)) in [
            case([3, 1, 28, 28], [20, 1, 5, 5], [1, 1], [0, 0], [1, 1], 1),
            case([2, 20, 12, 12], [50, 20, 5, 5], [1, 1], [0, 0], [1, 1], 1),
            case([3, 6, 9, 8], [9, 2, 3, 3], [2, 1], [1, 2], [1, 1], 3),
            case([3, 6, 9, 8], [6, 1, 3, 3], [1, 2], [2, 1], [1, 2], 6),
            case([2, 3, 11, 5], [4, 3, 3, 2], [3, 2], [4, 3], [2, 1], 1),
            case([1, 2, 3, 3], [2, 2, 3, 3], [1, 1], [5, 5], [1, 1], 1),
        ]
        .into_iter()
        .enumerate()
        {
            let (x, w) = (numbers(input, 0.3), numbers(weight, 0.7));
            let bias = tensor((0..weight[0]).map(|channel| channel as f32 * 0.1).collect(), &[weight[0]]);
            let output = forward(x.clone(), w.clone(), bias.clone(), &options);
            let dense = flex::forward(x.clone(), w.clone(), bias, &options);
            compare(&format!("case {number}, output"), &output, &dense);
            let grad = numbers(output.shape().dims(), 0.9);
            let ours = input_gradient(grad.clone(), w.clone(), &x.shape(), &options);
            let dense = flex::input_gradient(grad.clone(), w.clone(), &x.shape(), &options);
            compare(&format!("case {number}, input"), &ours, &dense);
            let ours = weight_gradient(grad.clone(), x.clone(), &w.shape(), &options);
            let dense = flex::weight_gradient(grad, x, &w.shape(), &options);
            compare(&format!("case {number}, weight"), &ours, &dense);
        }
    }
}
