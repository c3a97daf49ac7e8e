//! Convolution and its gradients on Burn's CPU backend: the pictures of a batch in parts, one task each, and what the
//! parts give put together in a fixed order.

use std::borrow::Cow;
use std::ops::Range;

use crate::parallel::*;
use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;
use burn::tensor::Shape;
use burn::tensor::ops::ConvOptions;

use crate::flex::{contiguous, tensor, values, values_mut};
use crate::memory;

use super::columns::scatter;
use super::geometry::Geometry;
use super::kernel::{LANES, Packed, Product, Rows, SLACK, TransposedProduct};
use super::windows::Windows;

/// Tasks that a batch is split into.
const PARTS: usize = 16;

/// f32 values of input that one part should have for its weight gradient, and that stay in a second-level cache.
const PART_VALUES: usize = 1 << 17;

/// Parts whose weight gradients are held at once.
const ROUND: usize = 16;

/// Pictures `[n, c_in, h, w]` convolved to `[n, c_out, h', w']`.
pub(super) fn forward(
    input: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    options: &ConvOptions<2>,
) -> FlexTensor {
    let geometry = Geometry::new(&input.shape(), &weight.shape(), options);
    let [input, weight, bias] = [input, weight, bias].map(contiguous);
    let fan_in = geometry.fan_in();
    let matrices = of_groups(&geometry, |group| {
        let weight = &values(&weight)[group * geometry.group_outputs() * fan_in..];
        Packed::new(geometry.group_outputs(), fan_in, |row, column| weight[row * fan_in + column])
    });
    convolve(&geometry, &matrices, values(&bias), input)
}

/// The gradient `[n, c_in, h, w]` of the input, of shape `input`, for that of the output.
pub(super) fn input_gradient(
    grad: FlexTensor,
    weight: FlexTensor,
    input: &Shape,
    options: &ConvOptions<2>,
) -> FlexTensor {
    let geometry = Geometry::new(input, &weight.shape(), options);
    let [grad, weight] = [grad, weight].map(contiguous);
    match geometry.transposed() {
        Some(transposed) => {
            let matrices = of_groups(&geometry, |group| flipped_matrix(&geometry, values(&weight), group));
            convolve(&transposed, &matrices, &vec![0.0; geometry.channels_in], grad)
        }
        None => scattered(&geometry, values(&weight), values(&grad)),
    }
}

/// The gradient of the weight, of shape `[c_out, c_in / groups, kh, kw]`, for that of the output.
pub(super) fn weight_gradient(
    grad: FlexTensor,
    input: FlexTensor,
    weight: &Shape,
    options: &ConvOptions<2>,
) -> FlexTensor {
    let geometry = Geometry::new(&input.shape(), weight, options);
    let [grad, input] = [grad, input].map(contiguous);
    let windows = Windows::new(&geometry);
    let pictures = if windows.lines < geometry.output[0] { 1 } else { PART_VALUES / windows.size().max(1) };
    let pictures = pictures.clamp(1, geometry.images.max(1));
    let (inputs, outputs) = (pictures * geometry.input_size(), pictures * geometry.output_size());
    let mut gradient = vec![0.0; weight.num_elements()];
    let grads = values(&grad).chunks(ROUND * outputs);
    for (grad, pictures) in grads.zip(values(&input).chunks(ROUND * inputs)) {
        let parts = grad.par_chunks(outputs).zip(pictures.par_chunks(inputs));
        let of_part = |(grad, pictures)| part_gradient(&geometry, &windows, grad, pictures);
        for part in parts.map(of_part).collect::<Vec<_>>() {
            gradient.iter_mut().zip(&part).for_each(|(sum, value)| *sum += value);
        }
    }
    memory::reuse(grad);
    memory::reuse(input);
    tensor(gradient, weight.as_slice())
}

fn of_groups<T>(geometry: &Geometry, matrix: impl FnMut(usize) -> T) -> Vec<T> {
    (0..geometry.groups).map(matrix).collect()
}

/// The pictures convolved with the matrices `[c_out / groups, fan_in]` of all groups, in their own memory if it fits and
/// nothing else needs it.
fn convolve(geometry: &Geometry, matrices: &[Packed], bias: &[f32], mut pictures: FlexTensor) -> FlexTensor {
    let windows = Windows::new(geometry);
    let images = geometry.images.div_ceil(PARTS).max(1);
    let shape = [geometry.images, geometry.channels_out, geometry.output[0], geometry.output[1]];
    if geometry.input_size() == geometry.output_size() && windows.lines == shape[2] && pictures.is_unique() {
        let parts = values_mut(&mut pictures).par_chunks_mut(images * geometry.input_size());
        parts.for_each(|pictures| {
            let mut buffer = windows.buffer(1);
            for picture in pictures.chunks_exact_mut(geometry.input_size()) {
                windows.fill(picture, 0, &mut buffer);
                convolve_lines(&windows, &buffer, 0..shape[2], matrices, bias, picture);
            }
        });
        return pictures.reshape(Shape::new(shape));
    }
    let mut output = memory::buffer(geometry.images * geometry.output_size());
    let outputs = output.par_chunks_mut(images * geometry.output_size());
    values(&pictures).par_chunks(images * geometry.input_size()).zip(outputs).for_each(
        |(pictures, output)| {
            let mut buffer = windows.buffer(1);
            let outputs = output.chunks_exact_mut(geometry.output_size());
            for (picture, output) in pictures.chunks_exact(geometry.input_size()).zip(outputs) {
                for lines in windows.parts() {
                    windows.fill(picture, lines.start, &mut buffer);
                    convolve_lines(&windows, &buffer, lines, matrices, bias, output);
                }
            }
        },
    );
    memory::reuse(pictures);
    tensor(output, &shape)
}

/// Computes some lines of the output of one picture from the buffer of their windows.
fn convolve_lines(
    windows: &Windows,
    buffer: &[f32],
    lines: Range<usize>,
    matrices: &[Packed],
    bias: &[f32],
    output: &mut [f32],
) {
    let geometry = windows.geometry;
    let pitch = geometry.output_pixels();
    let of_groups = output.chunks_exact_mut(geometry.group_outputs() * pitch);
    let of_groups = of_groups.zip(bias.chunks_exact(geometry.group_outputs())).zip(matrices);
    for (group, ((output, initial), left)) in of_groups.enumerate() {
        let right = windows.rows(buffer, group, lines.len());
        let output = &mut output[lines.start * geometry.output[1]..];
        Product { left, right, initial, output, pitch }.compute();
    }
}

/// The matrix `[c_in / groups, c_out / groups * kh * kw]` of a group with the kernel turned around, by which the
/// gradient of the output is convolved.
fn flipped_matrix(geometry: &Geometry, weight: &[f32], group: usize) -> Packed {
    let taps = geometry.kernel[0] * geometry.kernel[1];
    let outputs = geometry.group_outputs();
    let weight = &weight[group * outputs * geometry.fan_in()..];
    Packed::new(geometry.channels_in / geometry.groups, outputs * taps, |input, column| {
        let (output, tap) = (column / taps, column % taps);
        weight[output * geometry.fan_in() + input * taps + taps - 1 - tap]
    })
}

/// The gradient of the input where the convolution leaves pixels out: that of the columns, summed.
fn scattered(geometry: &Geometry, weight: &[f32], grad: &[f32]) -> FlexTensor {
    let (fan_in, outputs, pixels) = (geometry.fan_in(), geometry.group_outputs(), geometry.output_pixels());
    let matrices = of_groups(geometry, |group| {
        let weight = &weight[group * outputs * fan_in..];
        Packed::new(fan_in, outputs, |row, column| weight[column * fan_in + row])
    });
    let starts: Vec<usize> = (0..outputs).map(|output| output * pixels).collect();
    let initial = vec![0.0; fan_in];
    let images = geometry.images.div_ceil(PARTS).max(1);
    let mut gradient = memory::buffer(geometry.images * geometry.input_size());
    let gradients = gradient.par_chunks_mut(images * geometry.input_size());
    grad.par_chunks(images * geometry.output_size()).zip(gradients).for_each(|(grad, gradient)| {
        gradient.fill(0.0);
        let mut columns = vec![0.0; geometry.rows() * pixels];
        let mut buffer = vec![0.0; geometry.output_size() + SLACK];
        let gradients = gradient.chunks_exact_mut(geometry.input_size());
        for (grad, gradient) in grad.chunks_exact(geometry.output_size()).zip(gradients) {
            buffer[..grad.len()].copy_from_slice(grad);
            let of_groups = columns.chunks_exact_mut((fan_in * pixels).max(1)).zip(&matrices);
            for (group, (output, left)) in of_groups.enumerate() {
                let right =
                    Rows { values: &buffer[group * outputs * pixels..], starts: &starts, length: pixels };
                Product { left, right, initial: &initial, output, pitch: pixels }.compute();
            }
            scatter(geometry, &columns, gradient);
        }
    });
    tensor(gradient, &[geometry.images, geometry.channels_in, geometry.input[0], geometry.input[1]])
}

/// The gradient of the weight for some pictures.
fn part_gradient(geometry: &Geometry, windows: &Windows, grad: &[f32], pictures: &[f32]) -> Vec<f32> {
    let images = pictures.len() / geometry.input_size();
    let outputs = geometry.group_outputs();
    let mut gradient = vec![0.0; geometry.channels_out * geometry.fan_in()];
    let mut buffer = windows.buffer(images);
    for lines in windows.parts() {
        for (image, picture) in pictures.chunks_exact(geometry.input_size()).enumerate() {
            windows.fill(picture, lines.start, &mut buffer[image * windows.size()..]);
        }
        let grad = Padded::new(geometry, grad, lines.clone());
        let of_groups = gradient.chunks_exact_mut((outputs * geometry.fan_in()).max(1));
        for (group, sums) in of_groups.enumerate() {
            TransposedProduct {
                left: grad.rows(group * outputs..(group + 1) * outputs),
                left_pitch: grad.size,
                right: windows.rows(&buffer, group, lines.len()),
                right_pitch: windows.size(),
                pieces: images,
                sums,
            }
            .add();
        }
    }
    gradient
}

/// Lines of the gradient of the output as rows of pixels with zeros behind them.
struct Padded<'a> {
    values: Cow<'a, [f32]>,
    starts: Vec<usize>,
    length: usize,
    /// Values of one picture.
    size: usize,
}

impl<'a> Padded<'a> {
    fn new(geometry: &Geometry, grad: &'a [f32], lines: Range<usize>) -> Self {
        let width = geometry.output[1];
        let length = lines.len() * width;
        let pitch = length.next_multiple_of(LANES);
        let whole = pitch == geometry.output_pixels();
        let values = if whole { Cow::Borrowed(grad) } else { Cow::Owned(Vec::new()) };
        let starts = (0..geometry.channels_out).map(|channel| channel * pitch).collect();
        let mut padded = Self { values, starts, length, size: geometry.channels_out * pitch };
        if !whole {
            let planes = grad.chunks_exact(geometry.output_pixels());
            let values = padded.values.to_mut();
            values.resize(planes.len() * pitch, 0.0);
            for (plane, row) in planes.zip(values.chunks_exact_mut(pitch)) {
                row[..length].copy_from_slice(&plane[lines.start * width..][..length]);
            }
        }
        padded
    }

    fn rows(&self, channels: Range<usize>) -> Rows<'_> {
        Rows { values: &self.values, starts: &self.starts[channels], length: self.length }
    }
}
