//! Convolutions and linear layers in float mode.

use super::product::{Strided, add_product};
use crate::Result;
use crate::context::Context;
use crate::geometry::Geometry;
use crate::options::Kernel;
use crate::workers::for_each_block;
use deepshift_core::graph::{Node, Op};
use deepshift_core::{FixedPoint, Model};
use std::borrow::Cow;

/// A layer with its weights decoded and put in the kernels' order.
pub(super) struct Layer {
    geometry: Geometry,
    path: Path,
    weights: Vec<f32>,
    /// Rounded already; zeros where the layer has none.
    bias: Vec<f32>,
    /// To which the input is rounded.
    input_format: Option<FixedPoint>,
}

#[derive(Clone, Copy, PartialEq)]
enum Path {
    /// `gemm` over gathered rows; weights `[out][fan_in]`.
    Product,
    /// Pixel by pixel; weights `[tap][channel]`.
    Depthwise,
    /// Output by output; weights `[out][fan_in]`.
    Naive,
}

/// Values of gathered activations in a tile, and its rows at most.
const TILE_VALUES: usize = 1 << 18;
const TILE_ROWS: usize = 512;

/// Channels of a tile where there is a single row and threads share its channels.
const TILE_CHANNELS: usize = 64;

impl Layer {
    pub fn new(model: &Model, node: &Node, geometry: Geometry, kernel: Kernel) -> Result<Self> {
        let path = match kernel {
            Kernel::NaiveMultiply => Path::Naive,
            _ if geometry.is_depthwise() => Path::Depthwise,
            _ => Path::Product,
        };
        let values = model.values(&node.name, "weight")?;
        let (channels, fan_in) = (geometry.conv.out_channels, geometry.fan_in());
        let weights = (0..channels * fan_in)
            .map(|position| match path {
                Path::Depthwise => geometry.weight_index(position % channels, position / channels),
                _ => geometry.weight_index(position / fan_in, position % fan_in),
            })
            .map(|index| values[index])
            .collect();
        let scheme = node.shift_scheme();
        let bias = bias(model, node, channels, scheme.and_then(|scheme| scheme.bias))?;
        Ok(Self { geometry, path, weights, bias, input_format: scheme.and_then(|scheme| scheme.input) })
    }

    /// From `[pictures, height, width, channels]` to the same.
    pub fn run(&self, context: Context, x: &[f32], out: &mut [f32]) {
        let x = self.rounded(context, x);
        let channels = self.geometry.conv.out_channels;
        match self.path {
            Path::Product if self.geometry.conv.groups == 1 && out.len() == channels => {
                self.single_row(context, &x, out);
            }
            Path::Product => {
                let rows = (TILE_VALUES / self.geometry.fan_in()).clamp(1, TILE_ROWS);
                for_each_block(context.parallel, out, rows * channels, |gathered, tile, out| {
                    self.tile(context, &x, tile * rows, out, gathered);
                });
            }
            Path::Depthwise => context.for_each_row(out, channels, |_: &mut (), pixel, out| {
                self.depthwise(&x, pixel, out);
            }),
            Path::Naive => context.for_each_row(out, channels, |_: &mut (), pixel, out| {
                self.naive(&x, pixel, out);
            }),
        }
    }

    fn rounded<'a>(&self, context: Context, x: &'a [f32]) -> Cow<'a, [f32]> {
        let Some(format) = self.input_format else { return x.into() };
        let mut rounded = vec![0.0; x.len()];
        let channels = self.geometry.conv.in_channels;
        context.for_each_row(&mut rounded, channels, |_: &mut (), row, out| {
            for (out, &x) in out.iter_mut().zip(&x[row * channels..]) {
                *out = format.floor(x);
            }
        });
        rounded.into()
    }

    /// Output pixels from `first` on, as many as `out` holds.
    fn tile(&self, context: Context, x: &[f32], first: usize, out: &mut [f32], gathered: &mut Vec<f32>) {
        let (fan_in, channels) = (self.geometry.fan_in(), self.geometry.conv.out_channels);
        let each = self.geometry.group_out();
        let rows = out.len() / channels;
        for out in out.chunks_exact_mut(channels) {
            out.copy_from_slice(&self.bias);
        }
        for group in 0..self.geometry.conv.groups {
            let patches = if self.geometry.is_pointwise() {
                &x[first * fan_in..(first + rows) * fan_in]
            } else {
                gathered.resize(rows * fan_in, 0.0);
                context.kernels.vectorize(|| {
                    for (row, patch) in gathered.chunks_exact_mut(fan_in).enumerate() {
                        self.geometry.gather(x, first + row, group, patch);
                    }
                });
                gathered.as_slice()
            };
            let weights = &self.weights[group * each * fan_in..(group + 1) * each * fan_in];
            let out = Strided { values: &mut out[group * each..], stride: channels };
            add_product(patches, weights, fan_in, out);
        }
    }

    /// One pixel of one picture: threads share the output channels.
    fn single_row(&self, context: Context, x: &[f32], out: &mut [f32]) {
        let fan_in = self.geometry.fan_in();
        let mut patch = vec![0.0; fan_in];
        self.geometry.gather(x, 0, 0, &mut patch);
        for_each_block(context.parallel, out, TILE_CHANNELS, |_: &mut (), index, out| {
            let channels = index * TILE_CHANNELS..index * TILE_CHANNELS + out.len();
            out.copy_from_slice(&self.bias[channels.clone()]);
            let weights = &self.weights[channels.start * fan_in..channels.end * fan_in];
            let stride = out.len();
            add_product(&patch, weights, fan_in, Strided { values: out, stride });
        });
    }

    #[inline(always)]
    fn depthwise(&self, x: &[f32], pixel: usize, out: &mut [f32]) {
        let channels = out.len();
        out.copy_from_slice(&self.bias);
        self.geometry.for_each_tap(pixel, |tap, offset| {
            let weights = &self.weights[tap * channels..(tap + 1) * channels];
            for ((out, x), weight) in out.iter_mut().zip(&x[offset..offset + channels]).zip(weights) {
                *out += x * weight;
            }
        });
    }

    #[inline(always)]
    fn naive(&self, x: &[f32], pixel: usize, out: &mut [f32]) {
        let (fan_in, each) = (self.geometry.fan_in(), self.geometry.group_in());
        for (channel, out) in out.iter_mut().enumerate() {
            let weights = &self.weights[channel * fan_in..(channel + 1) * fan_in];
            let group = channel / self.geometry.group_out() * each;
            let mut sum = self.bias[channel];
            self.geometry.for_each_tap(pixel, |tap, offset| {
                let x = &x[offset + group..offset + group + each];
                for (weight, x) in weights[tap * each..(tap + 1) * each].iter().zip(x) {
                    sum += weight * x;
                }
            });
            *out = sum;
        }
    }
}

fn bias(model: &Model, node: &Node, channels: usize, format: Option<FixedPoint>) -> Result<Vec<f32>> {
    let has_bias = match &node.op {
        Op::Conv2d(conv) => conv.bias,
        Op::Linear(linear) => linear.bias,
        _ => false,
    };
    if !has_bias {
        return Ok(vec![0.0; channels]);
    }
    let values = model.values(&node.name, "bias")?;
    Ok(values.iter().map(|&x| format.map_or(x, |format| format.floor(x))).collect())
}
