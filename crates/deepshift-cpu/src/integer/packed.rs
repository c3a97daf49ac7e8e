//! One group of a layer for the two families that compute many outputs together.

use crate::context::Context;
use crate::geometry::Geometry;
use crate::kernels::{PANEL, Rows};
use crate::pack::{DotWeights, ShiftCodes};
use std::ops::Range;

/// Packed weights of a group.
pub(super) enum Packed {
    Dot(DotWeights),
    Shift(ShiftCodes),
}

/// Gathered activations, in the type that the kernel takes.
#[derive(Default)]
pub(super) struct Gathered {
    narrow: Vec<i16>,
    wide: Vec<i32>,
}

/// Which output pixels of which group.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub first: usize,
    pub rows: usize,
    pub group: usize,
}

impl Packed {
    /// Bytes of one gathered row.
    pub fn row_bytes(&self) -> usize {
        match self {
            Self::Dot(weights) => weights.depth * size_of::<i16>(),
            Self::Shift(codes) => codes.depth * size_of::<i32>(),
        }
    }

    /// Gathers what the pixels of a tile see.
    pub fn gather(
        &self,
        context: Context,
        geometry: &Geometry,
        x: &[i8],
        tile: Tile,
        gathered: &mut Gathered,
    ) {
        let pixels = tile.first..tile.first + tile.rows;
        match self {
            Self::Dot(weights) => {
                gathered.narrow.resize(tile.rows * weights.depth, 0);
                context.kernels.vectorize(|| {
                    for (pixel, row) in pixels.zip(gathered.narrow.chunks_exact_mut(weights.depth)) {
                        let (patch, rest) = row.split_at_mut(geometry.fan_in());
                        geometry.gather(x, pixel, tile.group, patch);
                        rest.fill(0);
                        for (to, &k) in rest.iter_mut().zip(&weights.repeated) {
                            *to = patch[k];
                        }
                    }
                });
            }
            Self::Shift(codes) => {
                gathered.wide.resize(tile.rows * codes.depth, 0);
                context.kernels.vectorize(|| {
                    for (pixel, row) in pixels.zip(gathered.wide.chunks_exact_mut(codes.depth)) {
                        geometry.gather(x, pixel, tile.group, row);
                    }
                });
            }
        }
    }

    /// Fills `sums` with `[rows, stride]` for some channels, the first of which starts a panel; returns the stride.
    pub fn sums(
        &self,
        context: Context,
        gathered: &Gathered,
        channels: Range<usize>,
        sums: &mut Vec<i32>,
    ) -> usize {
        let channels = channels.start..channels.end.next_multiple_of(PANEL);
        let stride = channels.len();
        match self {
            Self::Dot(DotWeights { panels, depth, .. }) => {
                let rows = Rows { values: &gathered.narrow, depth: *depth };
                sums.resize(rows.values.len() / depth * stride, 0);
                context.kernels.dot(rows, &panels[channels.start * depth..channels.end * depth], sums);
            }
            Self::Shift(ShiftCodes { panels, depth, terms }) => {
                let rows = Rows { values: &gathered.wide, depth: *depth };
                sums.resize(rows.values.len() / depth * stride, 0);
                let each = 2 * depth * terms;
                let panels = &panels[channels.start * each..channels.end * each];
                context.kernels.shift(rows, *terms, panels, sums);
            }
        }
        stride
    }
}
