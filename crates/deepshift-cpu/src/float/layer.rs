//! Convolutions and linear layers in float mode.

use super::product::{Matrix, Strided};
use crate::Result;
use crate::context::Context;
use crate::depthwise::add_taps;
use crate::geometry::{Geometry, Tap};
use crate::workers::for_each_block;
use deepshift_core::Kernel;
use deepshift_core::graph::Node;
use deepshift_core::{FixedPoint, Model};
use std::borrow::Cow;

/// A layer with its weights decoded and put in the kernels' order.
pub(super) struct Layer {
    geometry: Geometry,
    weights: Weights,
    /// Rounded already; zeros where the layer has none.
    bias: Vec<f32>,
    /// To which the input is rounded.
    input_format: Option<FixedPoint>,
}

enum Weights {
    /// Matrix products over gathered rows; one matrix `[out][fan_in]` for each group.
    Product(Vec<Matrix>),
    /// Pixel by pixel: `[tap][channel]`.
    Depthwise(Vec<f32>),
    /// Output by output: `[out][fan_in]`.
    Naive(Vec<f32>),
}

/// Values of gathered activations in a tile, and its rows at most.
const TILE_VALUES: usize = 1 << 18;
const TILE_ROWS: usize = 512;

/// Channels of a tile where there is a single row and threads share its channels.
const TILE_CHANNELS: usize = 64;

impl Layer {
    pub fn new(model: &Model, node: &Node, geometry: Geometry, kernel: Kernel) -> Result<Self> {
        let values = model.values(&node.name, "weight")?;
        let (channels, fan_in) = (geometry.conv.out_channels, geometry.fan_in());
        let by_channel = || {
            (0..channels * fan_in)
                .map(|position| values[geometry.weight_index(position / fan_in, position % fan_in)])
                .collect::<Vec<f32>>()
        };
        let weights = match kernel {
            Kernel::NaiveMultiply => Weights::Naive(by_channel()),
            _ if geometry.conv.is_depthwise() => {
                let positions = 0..channels * fan_in;
                let index = |position| geometry.weight_index(position % channels, position / channels);
                Weights::Depthwise(positions.map(|position| values[index(position)]).collect())
            }
            _ => {
                let groups = by_channel();
                let groups = groups.chunks_exact(geometry.conv.group_out() * fan_in);
                Weights::Product(groups.map(|group| Matrix::new(group.to_vec(), fan_in)).collect())
            }
        };
        let scheme = node.shift_scheme();
        let bias = model.bias(node, channels)?;
        Ok(Self { geometry, weights, bias, input_format: scheme.and_then(|scheme| scheme.input) })
    }

    /// From `[pictures, height, width, channels]` to the same.
    pub fn run(&self, context: Context, x: &[f32], out: &mut [f32]) {
        let x = self.rounded(context, x);
        let channels = self.geometry.conv.out_channels;
        match &self.weights {
            Weights::Product(groups) if groups.len() == 1 && out.len() == channels => {
                self.single_row(context, &groups[0], &x, out);
            }
            Weights::Product(groups) => {
                let rows = (TILE_VALUES / self.geometry.fan_in()).clamp(1, TILE_ROWS);
                for_each_block(context.parallel, out, rows * channels, |gathered, tile, out| {
                    self.tile(context, groups, (&x, tile * rows), out, gathered);
                });
            }
            Weights::Depthwise(weights) => context.for_each_pixel(
                &self.geometry,
                (&*x, out),
                channels,
                #[inline(always)]
                |_: &mut (), taps, x, out| self.depthwise(weights, x, taps, out),
            ),
            Weights::Naive(weights) => context.for_each_pixel(
                &self.geometry,
                (&*x, out),
                channels,
                #[inline(always)]
                |_: &mut (), taps, x, out| self.naive(weights, x, taps, out),
            ),
        }
    }

    fn rounded<'a>(&self, context: Context, x: &'a [f32]) -> Cow<'a, [f32]> {
        let Some(format) = self.input_format else { return x.into() };
        let mut rounded = vec![0.0; x.len()];
        let channels = self.geometry.conv.in_channels;
        context.for_each_row(
            &mut rounded,
            channels,
            #[inline(always)]
            |_: &mut (), row, out| {
                for (out, &x) in out.iter_mut().zip(&x[row * channels..]) {
                    *out = format.floor(x);
                }
            },
        );
        rounded.into()
    }

    /// Output pixels from `first` on, as many as `out` holds.
    fn tile(
        &self,
        context: Context,
        groups: &[Matrix],
        (x, first): (&[f32], usize),
        out: &mut [f32],
        gathered: &mut Vec<f32>,
    ) {
        let (fan_in, channels) = (self.geometry.fan_in(), self.geometry.conv.out_channels);
        let each = self.geometry.conv.group_out();
        let rows = out.len() / channels;
        for out in out.chunks_exact_mut(channels) {
            out.copy_from_slice(&self.bias);
        }
        for (group, weights) in groups.iter().enumerate() {
            let patches = if self.geometry.is_pointwise() {
                &x[first * fan_in..(first + rows) * fan_in]
            } else {
                self.gather(context, (x, first), group, rows, gathered);
                gathered.as_slice()
            };
            let out = Strided { values: &mut out[group * each..], stride: channels };
            weights.add_product(context, patches, 0..each, out);
        }
    }

    /// What output pixels of a group see, from pixel `first` on.
    fn gather(
        &self,
        context: Context,
        (x, first): (&[f32], usize),
        group: usize,
        rows: usize,
        gathered: &mut Vec<f32>,
    ) {
        let fan_in = self.geometry.fan_in();
        gathered.resize(rows * fan_in, 0.0);
        context.kernels.vectorize(
            #[inline(always)]
            || {
                for (row, place) in self.geometry.places(first).take(rows).enumerate() {
                    self.geometry.gather(x, place, group, &mut gathered[row * fan_in..]);
                }
            },
        );
    }

    /// One pixel of one picture: threads share the output channels.
    fn single_row(&self, context: Context, weights: &Matrix, x: &[f32], out: &mut [f32]) {
        let mut patch = Vec::new();
        self.gather(context, (x, 0), 0, 1, &mut patch);
        for_each_block(context.parallel, out, TILE_CHANNELS, |_: &mut (), index, out| {
            let channels = index * TILE_CHANNELS..index * TILE_CHANNELS + out.len();
            out.copy_from_slice(&self.bias[channels.clone()]);
            let stride = out.len();
            weights.add_product(context, &patch, channels, Strided { values: out, stride });
        });
    }

    #[inline(always)]
    fn depthwise(&self, weights: &[f32], x: &[f32], taps: &[Tap], out: &mut [f32]) {
        out.copy_from_slice(&self.bias);
        add_taps(taps, weights, x, out, |out, x, weight| out + x * weight);
    }

    #[inline(always)]
    fn naive(&self, weights: &[f32], x: &[f32], taps: &[Tap], out: &mut [f32]) {
        let (fan_in, each) = (self.geometry.fan_in(), self.geometry.conv.group_in());
        for (channel, out) in out.iter_mut().enumerate() {
            let weights = &weights[channel * fan_in..(channel + 1) * fan_in];
            let group = channel / self.geometry.conv.group_out() * each;
            let mut sum = self.bias[channel];
            for &Tap { index, offset } in taps {
                let x = &x[offset + group..offset + group + each];
                for (weight, x) in weights[index * each..(index + 1) * each].iter().zip(x) {
                    sum += weight * x;
                }
            }
            *out = sum;
        }
    }
}
