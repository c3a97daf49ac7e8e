//! Max pooling and its gradient on Burn's CPU backend, one channel of one picture after the other.

use crate::parallel::*;
use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Shape, TensorData};

use crate::flex::values;
use crate::memory;

use super::PoolingOps;

impl PoolingOps for Flex {
    fn plain_max_pool2d(input: FlexTensor, kernel: [usize; 2], stride: [usize; 2]) -> FlexTensor {
        max_pool2d(input, kernel, stride).0
    }
}

/// The pooled pictures and, for each of their values, where in its plane it came from.
pub(super) fn max_pool2d(
    input: FlexTensor,
    kernel: [usize; 2],
    stride: [usize; 2],
) -> (FlexTensor, Vec<u32>) {
    let [images, channels, height, width] = input.shape().dims();
    let output = output_size([height, width], kernel, stride);
    let pixels = output[0] * output[1];
    let window = Window { width, output, kernel, stride };
    let input = input.to_contiguous();
    let mut pooled = vec![0.0; images * channels * pixels];
    let mut sources = vec![0; pooled.len()];
    let targets = pooled.par_chunks_mut(pixels).zip(sources.par_chunks_mut(pixels));
    let planes = values(&input).par_chunks(height * width).zip(targets);
    planes.for_each(|(plane, (pooled, sources))| window.pool(plane, pooled, sources));
    let shape = [images, channels, output[0], output[1]];
    (FlexTensor::from_data(TensorData::new(pooled, shape)), sources)
}

/// The gradient of the input, of shape `[n, c, h, w]`, for that of the output.
pub(super) fn input_gradient(grad: FlexTensor, sources: &[u32], input: &Shape) -> FlexTensor {
    let [_, _, height, width] = input.dims();
    let [_, _, out_height, out_width] = grad.shape().dims();
    let grad = grad.to_contiguous();
    let pixels = out_height * out_width;
    let mut gradient = memory::buffer(input.num_elements());
    let of_planes = values(&grad).par_chunks(pixels).zip(sources.par_chunks(pixels));
    gradient.par_chunks_mut(height * width).zip(of_planes).for_each(|(plane, (grad, sources))| {
        plane.fill(0.0);
        grad.iter().zip(sources).for_each(|(grad, &source)| plane[source as usize] += grad);
    });
    FlexTensor::from_data(TensorData::new(gradient, input.clone()))
}

fn output_size(input: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> [usize; 2] {
    [0, 1].map(|axis| {
        let (input, kernel) = (input[axis], kernel[axis]);
        assert!((1..=input).contains(&kernel), "a window of extent {kernel} on a picture of extent {input}");
        (input - kernel) / stride[axis] + 1
    })
}

/// The windows of one plane; pairs are height and width.
struct Window {
    /// Of the input.
    width: usize,
    output: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
}

impl Window {
    fn pool(&self, plane: &[f32], pooled: &mut [f32], sources: &mut [u32]) {
        if self.kernel == [2, 2] && self.stride == [2, 2] {
            return self.pool_pairs(plane, pooled, sources);
        }
        let lines = pooled.chunks_exact_mut(self.output[1]).zip(sources.chunks_exact_mut(self.output[1]));
        for (y, (pooled, sources)) in lines.enumerate() {
            pooled.fill(f32::NEG_INFINITY);
            let start = y * self.stride[0] * self.width;
            sources
                .iter_mut()
                .enumerate()
                .for_each(|(x, source)| *source = (start + x * self.stride[1]) as u32);
            for down in 0..self.kernel[0] {
                for right in 0..self.kernel[1] {
                    self.compare(plane, start + down * self.width + right, pooled, sources);
                }
            }
        }
    }

    /// [`pool`](Self::pool) with windows and strides of 2, in a form that becomes vector instructions.
    fn pool_pairs(&self, plane: &[f32], pooled: &mut [f32], sources: &mut [u32]) {
        let lines = pooled.chunks_exact_mut(self.output[1]).zip(sources.chunks_exact_mut(self.output[1]));
        for (y, (pooled, sources)) in lines.enumerate() {
            let start = 2 * y * self.width;
            let (top, _) = plane[start..].as_chunks::<2>();
            let (bottom, _) = plane[start + self.width..].as_chunks::<2>();
            let (below, start) = (self.width as u32, start as u32);
            let windows = top.iter().zip(bottom).zip((start..).step_by(2));
            for ((pooled, source), ((top, bottom), index)) in pooled.iter_mut().zip(sources).zip(windows) {
                let left = larger((top[0], index), (top[1], index + 1));
                let left_and_bottom = larger(left, (bottom[0], index + below));
                (*pooled, *source) = larger(left_and_bottom, (bottom[1], index + below + 1));
            }
        }
    }

    /// Takes over what is larger of a line of values that begins at `start`.
    fn compare(&self, plane: &[f32], start: usize, pooled: &mut [f32], sources: &mut [u32]) {
        let candidates =
            plane[start..].iter().step_by(self.stride[1]).zip((start as u32..).step_by(self.stride[1]));
        for ((pooled, source), (&value, index)) in pooled.iter_mut().zip(sources).zip(candidates) {
            (*pooled, *source) = larger((*pooled, *source), (value, index));
        }
    }
}

/// The larger value with its index, the first of equals, the second if it is NaN.
fn larger(first: (f32, u32), second: (f32, u32)) -> (f32, u32) {
    let wins = second.0 > first.0 || second.0.is_nan();
    (if wins { second.0 } else { first.0 }, if wins { second.1 } else { first.1 })
}
