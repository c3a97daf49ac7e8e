//! Convolution and its gradients on Burn's CPU backend: the batch in parts, one task each, and what the parts give put
//! together in a fixed order.

use crate::parallel::*;
use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;
use burn::backend::flex::ops::matmul::matmul;
use burn::tensor::Shape;
use burn::tensor::ops::ConvOptions;

use crate::flex::{tensor, values};

use super::columns::{gather, scatter};
use super::geometry::Geometry;

/// Numbers of f32 values of columns that one task works on: half a megabyte, to stay in a core's second-level cache.
const COLUMN_VALUES: usize = 1 << 17;

/// Output pixels below which the matrix product of a task is too small to be fast.
const FEWEST_PIXELS: usize = 256;

/// Parts of a batch whose weight gradients are held at once.
const ROUND: usize = 16;

/// Pictures `[n, c_in, h, w]` convolved to `[n, c_out, h', w']`.
pub(super) fn forward(
    input: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    options: &ConvOptions<2>,
) -> FlexTensor {
    let geometry = Geometry::new(&input.shape(), &weight.shape(), options);
    let sizes = Sizes::new(&geometry);
    let (input, bias) = (input.to_contiguous(), bias.to_contiguous());
    let weight = weight_matrix(&geometry, weight);
    let mut output = vec![0.0; geometry.images * sizes.output];
    let parts = values(&input).par_chunks(sizes.inputs).zip(output.par_chunks_mut(sizes.outputs));
    parts.for_each(|(pictures, output)| {
        let products = matmul(weight.clone(), columns(&geometry, pictures));
        split_channels(&geometry, values(&products), values(&bias), output);
    });
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
    let sizes = Sizes::new(&geometry);
    let grad = grad.to_contiguous();
    let weight = weight_matrix(&geometry, weight).transpose(1, 2);
    let mut gradient = vec![0.0; geometry.images * sizes.input];
    let parts = values(&grad).par_chunks(sizes.outputs).zip(gradient.par_chunks_mut(sizes.inputs));
    parts.for_each(|(grad, gradient)| {
        let columns = matmul(weight.clone(), joined_channels(&geometry, grad));
        scatter(&geometry, values(&columns), gradient);
    });
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
    let sizes = Sizes::new(&geometry);
    let (grad, input) = (grad.to_contiguous(), input.to_contiguous());
    let product = |(grad, pictures): (&[f32], &[f32])| {
        matmul(joined_channels(&geometry, grad), columns(&geometry, pictures).transpose(1, 2))
    };
    let mut gradient = vec![0.0; weight.num_elements()];
    let grads = values(&grad).chunks(ROUND * sizes.outputs);
    for (grad, pictures) in grads.zip(values(&input).chunks(ROUND * sizes.inputs)) {
        let parts = grad.par_chunks(sizes.outputs).zip(pictures.par_chunks(sizes.inputs));
        for product in parts.map(product).collect::<Vec<_>>() {
            gradient.iter_mut().zip(values(&product)).for_each(|(sum, value)| *sum += value);
        }
    }
    tensor(gradient, weight.as_slice())
}

/// Numbers of values.
struct Sizes {
    /// Of one input picture.
    input: usize,
    /// Of one output picture.
    output: usize,
    /// Of the input pictures of one task.
    inputs: usize,
    /// Of the output pictures of one task.
    outputs: usize,
}

impl Sizes {
    fn new(geometry: &Geometry) -> Self {
        let input = geometry.channels_in * geometry.input_pixels();
        let output = geometry.channels_out * geometry.output_pixels();
        let images = images_per_task(geometry);
        Self { input, output, inputs: images * input, outputs: images * output }
    }
}

/// Pictures that one task works on; it depends on nothing but the sizes, and so do the results.
fn images_per_task(geometry: &Geometry) -> usize {
    let for_the_cache = COLUMN_VALUES / (geometry.rows() * geometry.output_pixels()).max(1);
    let for_the_product = FEWEST_PIXELS.div_ceil(geometry.output_pixels());
    for_the_cache.max(for_the_product).clamp(1, geometry.images.max(1))
}

/// The weight as `[groups, c_out / groups, fan_in]`.
fn weight_matrix(geometry: &Geometry, weight: FlexTensor) -> FlexTensor {
    let Geometry { groups, channels_out, .. } = *geometry;
    weight.to_contiguous().reshape(Shape::new([groups, channels_out / groups, geometry.fan_in()]))
}

/// The columns `[groups, fan_in, n * h' * w']` of pictures `[n, c_in, h, w]`.
fn columns(geometry: &Geometry, pictures: &[f32]) -> FlexTensor {
    let images = pictures.len() / (geometry.channels_in * geometry.input_pixels());
    let pixels = images * geometry.output_pixels();
    let mut columns = vec![0.0; geometry.rows() * pixels];
    gather(geometry, pictures, &mut columns);
    tensor(columns, &[geometry.groups, geometry.fan_in(), pixels])
}

/// `[n, c_out, h', w']` as `[groups, c_out / groups, n * h' * w']`.
fn joined_channels(geometry: &Geometry, pictures: &[f32]) -> FlexTensor {
    let pixels = geometry.output_pixels();
    let picture_size = geometry.channels_out * pixels;
    let mut joined = Vec::with_capacity(pictures.len());
    for channel in 0..geometry.channels_out {
        for picture in pictures.chunks_exact(picture_size) {
            joined.extend_from_slice(&picture[channel * pixels..][..pixels]);
        }
    }
    let all_pixels = joined.len() / geometry.channels_out;
    tensor(joined, &[geometry.groups, geometry.channels_out / geometry.groups, all_pixels])
}

/// `[c_out, n * h' * w']`, and the bias of each channel added, as `[n, c_out, h', w']`.
fn split_channels(geometry: &Geometry, joined: &[f32], bias: &[f32], pictures: &mut [f32]) {
    let pixels = geometry.output_pixels();
    let row_length = joined.len() / geometry.channels_out;
    for (index, plane) in pictures.chunks_exact_mut(pixels).enumerate() {
        let (image, channel) = (index / geometry.channels_out, index % geometry.channels_out);
        let source = &joined[channel * row_length + image * pixels..][..pixels];
        plane.iter_mut().zip(source).for_each(|(pixel, &value)| *pixel = value + bias[channel]);
    }
}
