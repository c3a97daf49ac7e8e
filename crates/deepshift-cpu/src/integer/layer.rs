//! Convolutions and linear layers in integer mode.

use super::direct::{DirectDot, DirectShift, NaiveMultiply};
use super::packed::{Gathered, Packed, Tile};
use crate::context::Context;
use crate::geometry::{Geometry, Tap};
use crate::kernels::{Bytes, Kernels, PANEL};
use crate::pack::{ByteWeights, DotWeights, ShiftCodes};
use crate::rescale::Rescaler;
use crate::workers::for_each_block;
use deepshift_core::Kernel;
use deepshift_core::{FixedPoint, ShiftWeight};

/// A layer with its weights packed for one family of kernels.
pub(crate) struct Layer {
    geometry: Geometry,
    weights: Weights,
    rescaler: Rescaler,
    /// Height and width of the windows of a max pooling behind the layer, `[1, 1]` without one.
    window: [usize; 2],
}

enum Weights {
    /// Tile by tile; one for each group.
    Packed(Vec<Packed>),
    DirectDot(DirectDot),
    DirectShift(DirectShift),
    NaiveMultiply(NaiveMultiply),
}

/// Memory that a thread uses again for every tile.
#[derive(Default)]
struct Scratch {
    gathered: Gathered,
    sums: Vec<i32>,
}

/// Bytes of gathered activations that stay in the second-level cache while all weights pass by.
const TILE_BYTES: usize = 256 * 1024;

/// Rows of a tile at most.
const TILE_ROWS: usize = 96;

/// Rows of a tile are a multiple of this: full register tiles of every kernel.
const ROW_STEP: usize = 12;

/// Channels of a tile where there is a single row and threads share its channels.
const TILE_CHANNELS: usize = 4 * PANEL;

impl Layer {
    /// Whether a layer can do the max pooling behind it. A row of windows must not be more than a tile, and kernels that
    /// work pixel by pixel are left as they are.
    pub fn can_pool(geometry: &Geometry, window: [usize; 2], kernel: Kernel) -> bool {
        let rows = window[0].saturating_mul(geometry.output.width);
        kernel != Kernel::NaiveMultiply && !geometry.conv.is_depthwise() && rows <= TILE_ROWS
    }

    /// `operand` is the format of the layer's input.
    pub fn new(
        geometry: Geometry,
        weight: &ShiftWeight,
        operand: FixedPoint,
        rescaler: Rescaler,
        (kernel, kernels): (Kernel, Kernels),
    ) -> Self {
        let wanted =
            kernels.bytes().filter(|bytes| !matches!(bytes, Bytes::SevenBits { .. }) || operand.lowest >= 0);
        let weights = match (kernel, geometry.conv.is_depthwise()) {
            (Kernel::Dot, true) => Weights::DirectDot(DirectDot::new(&geometry, weight)),
            (Kernel::Shift, true) => Weights::DirectShift(DirectShift::new(&geometry, weight)),
            (Kernel::NaiveMultiply, _) => Weights::NaiveMultiply(NaiveMultiply::new(&geometry, weight)),
            (Kernel::Dot, false) => Weights::Packed(groups(&geometry, |indices| {
                let values: Vec<i32> = indices.iter().map(|&index| weight.integer(index)).collect();
                let bytes = wanted.and_then(|wanted| bytes(&values, geometry.fan_in(), wanted));
                bytes.unwrap_or_else(|| Packed::Dot(DotWeights::new(&values, geometry.fan_in())))
            })),
            (Kernel::Shift, false) => Weights::Packed(groups(&geometry, |indices| {
                Packed::Shift(ShiftCodes::new(weight, indices, geometry.fan_in()))
            })),
        };
        Self { geometry, weights, rescaler, window: [1; 2] }
    }

    /// The layer with a max pooling behind it that it [can do](Self::can_pool).
    pub fn pooled(self, window: [usize; 2]) -> Self {
        Self { window, ..self }
    }

    /// From `[pictures, height, width, channels]` to the same, each value in as many bytes as the rescaler says.
    pub fn run(&self, context: Context, x: &[i8], out: &mut [i8]) {
        let pixel = self.rescaler.row_bytes();
        match &self.weights {
            Weights::Packed(groups) if groups.len() == 1 && out.len() == pixel && self.window == [1; 2] => {
                self.single_row(context, &groups[0], x, out);
            }
            Weights::Packed(groups) => {
                let pixels = self.tile_pixels(groups);
                for_each_block(context.parallel, out, pixels * pixel, |scratch, tile, out| {
                    self.tile(context, groups, (x, tile * pixels), out, scratch);
                });
            }
            Weights::DirectDot(weights) => self.direct(
                context,
                (x, out),
                #[inline(always)]
                |taps, x, sums| weights.sums(taps, x, sums),
            ),
            Weights::DirectShift(weights) => self.direct(
                context,
                (x, out),
                #[inline(always)]
                |taps, x, sums| weights.sums(taps, x, sums),
            ),
            Weights::NaiveMultiply(weights) => self.direct(
                context,
                (x, out),
                #[inline(always)]
                |taps, x, sums| weights.sums(&self.geometry, taps, x, sums),
            ),
        }
    }

    /// Pixels that are computed together: whole rows of windows.
    fn tile_pixels(&self, groups: &[Packed]) -> usize {
        let row_bytes = groups.iter().map(Packed::row_bytes).max().unwrap_or(1);
        let rows = (TILE_BYTES / row_bytes / ROW_STEP * ROW_STEP).clamp(ROW_STEP, TILE_ROWS);
        let ([height, width], line) = (self.window, self.geometry.output.width);
        match self.window {
            [1, 1] => rows,
            _ => (rows / (height * line)).max(1) * (line / width),
        }
    }

    /// Output pixels from `first` on, as many as `out` holds.
    fn tile(
        &self,
        context: Context,
        groups: &[Packed],
        (x, first): (&[i8], usize),
        out: &mut [i8],
        scratch: &mut Scratch,
    ) {
        let (pixel, each) = (self.rescaler.row_bytes(), self.geometry.conv.group_out());
        let [first, rows] = [first, out.len() / pixel].map(|pixels| pixels * self.window[0] * self.window[1]);
        for (group, packed) in groups.iter().enumerate() {
            let tile = Tile { first, rows, group };
            packed.gather(context, &self.geometry, x, tile, &mut scratch.gathered);
            let stride = packed.sums(context, &scratch.gathered, 0..each, &mut scratch.sums);
            if self.window != [1; 2] {
                context.kernels.vectorize(
                    #[inline(always)]
                    || self.take_largest(&mut scratch.sums, stride),
                );
            }
            let bytes = group * each * self.rescaler.width..(group + 1) * each * self.rescaler.width;
            context.kernels.vectorize(
                #[inline(always)]
                || {
                    for (sums, out) in scratch.sums.chunks_exact(stride).zip(out.chunks_exact_mut(pixel)) {
                        self.rescaler.apply(group * each, sums, &mut out[bytes.clone()]);
                    }
                },
            );
        }
    }

    /// Moves the largest sum of each window and channel to the front of `[rows, stride]`, window after window.
    #[inline(always)]
    fn take_largest(&self, sums: &mut [i32], stride: usize) {
        let ([height, width], line) = (self.window, self.geometry.output.width);
        let mut to = 0;
        for corner in (0..sums.len()).step_by(height * line * stride) {
            for first in (corner..corner + line * stride).step_by(width * stride) {
                sums.copy_within(first..first + stride, to);
                for below in 0..height {
                    for right in usize::from(below == 0)..width {
                        let (before, from) = sums.split_at_mut(first + (below * line + right) * stride);
                        for (largest, &mut sum) in before[to..to + stride].iter_mut().zip(from) {
                            *largest = sum.max(*largest);
                        }
                    }
                }
                to += stride;
            }
        }
    }

    /// One pixel of one picture: threads share the output channels.
    fn single_row(&self, context: Context, packed: &Packed, x: &[i8], out: &mut [i8]) {
        let mut gathered = Gathered::default();
        let tile = Tile { first: 0, rows: 1, group: 0 };
        packed.gather(context, &self.geometry, x, tile, &mut gathered);
        let width = self.rescaler.width;
        for_each_block(context.parallel, out, TILE_CHANNELS * width, |sums, index, out| {
            let first = index * TILE_CHANNELS;
            packed.sums(context, &gathered, first..first + out.len() / width, sums);
            context.kernels.vectorize(
                #[inline(always)]
                || self.rescaler.apply(first, sums, out),
            );
        });
    }

    /// Pixel by pixel, without gathering; `sums_of(taps, what their offsets are counted in, sums)` adds to zeros.
    fn direct(
        &self,
        context: Context,
        (x, out): (&[i8], &mut [i8]),
        sums_of: impl Fn(&[Tap], &[i8], &mut [i32]) + Sync,
    ) {
        context.for_each_pixel(
            &self.geometry,
            (x, out),
            self.rescaler.row_bytes(),
            #[inline(always)]
            |sums: &mut Vec<i32>, taps, x, out| {
                sums.resize(self.rescaler.channels(), 0);
                sums.fill(0);
                sums_of(taps, x, sums);
                self.rescaler.apply(0, sums, out);
            },
        );
    }
}

/// Weights of one byte each, where bytes hold them and are faster.
fn bytes(weights: &[i32], fan_in: usize, wanted: Bytes) -> Option<Packed> {
    ByteWeights::new(DotWeights::of_small(weights, fan_in)?, wanted).map(Packed::Bytes)
}

/// Packs each group, given the indices of its weights in the kernels' order.
fn groups(geometry: &Geometry, pack: impl Fn(&[usize]) -> Packed) -> Vec<Packed> {
    (0..geometry.conv.groups)
        .map(|group| {
            let channels = group * geometry.conv.group_out()..(group + 1) * geometry.conv.group_out();
            let indices: Vec<usize> = channels
                .flat_map(|channel| (0..geometry.fan_in()).map(move |k| geometry.weight_index(channel, k)))
                .collect();
            pack(&indices)
        })
        .collect()
}
