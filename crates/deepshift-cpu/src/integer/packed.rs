//! One group of a layer for the two families that compute many outputs together.

use crate::context::Context;
use crate::geometry::Geometry;
use crate::kernels::{PANEL, Rows};
use crate::pack::{ByteWeights, DotWeights, ShiftCodes};
use std::ops::Range;

/// Packed weights of a group.
pub(super) enum Packed {
    Dot(DotWeights<i16>),
    Bytes(ByteWeights),
    Shift(ShiftCodes),
}

/// Gathered activations, and the same in the type that the kernel takes.
#[derive(Default)]
pub(super) struct Gathered {
    bytes: Vec<i8>,
    narrow: Vec<i16>,
    wide: Vec<i32>,
}

/// Room behind gathered rows, so that the last one's pieces are copied in whole blocks too.
const SLACK: usize = 16;

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
        let element = match self {
            Self::Dot(_) => size_of::<i16>(),
            Self::Bytes(_) => size_of::<i8>(),
            Self::Shift(_) => size_of::<i32>(),
        };
        self.row().0 * element
    }

    /// Elements of one gathered row, and which activations are repeated in it.
    fn row(&self) -> (usize, &[usize]) {
        match self {
            Self::Dot(weights) => (weights.depth, &weights.repeated),
            Self::Bytes(ByteWeights { weights, .. }) => (weights.depth, &weights.repeated),
            Self::Shift(codes) => (codes.depth, &[]),
        }
    }

    /// Gathers what the pixels of a tile see: rows of what a pixel sees, what of it is repeated, zeros.
    pub fn gather(
        &self,
        context: Context,
        geometry: &Geometry,
        x: &[i8],
        tile: Tile,
        gathered: &mut Gathered,
    ) {
        let (fan_in, (depth, repeated)) = (geometry.fan_in(), self.row());
        let Gathered { bytes, narrow, wide } = gathered;
        bytes.resize(tile.rows * depth + SLACK, 0);
        context.kernels.vectorize(
            #[inline(always)]
            || {
                if geometry.is_pointwise() && depth == fan_in {
                    let x = &x[tile.first * depth..][..tile.rows * depth];
                    bytes[..x.len()].copy_from_slice(x);
                } else {
                    for (row, place) in geometry.places(tile.first).take(tile.rows).enumerate() {
                        let row = &mut bytes[row * depth..];
                        geometry.gather(x, place, tile.group, row);
                        let (patch, rest) = row.split_at_mut(fan_in);
                        for (index, to) in rest[..depth - fan_in].iter_mut().enumerate() {
                            *to = repeated.get(index).map_or(0, |&k| patch[k]);
                        }
                    }
                }
                bytes.truncate(tile.rows * depth);
                match self {
                    Self::Dot(_) => widen(bytes, narrow),
                    Self::Bytes(weights) => weights.prepare(bytes),
                    Self::Shift(_) => widen(bytes, wide),
                }
            },
        );
    }

    /// Fills `sums` with `[rows, stride]` for some channels, the first of which starts a panel; returns the stride.
    pub fn sums(
        &self,
        context: Context,
        gathered: &Gathered,
        channels: Range<usize>,
        sums: &mut Vec<i32>,
    ) -> usize {
        let needed = channels.len();
        let channels = channels.start..channels.end.next_multiple_of(PANEL);
        let stride = channels.len();
        sums.resize(gathered.bytes.len() / self.row().0 * stride, 0);
        match self {
            Self::Dot(DotWeights { panels, depth, .. }) => {
                let rows = Rows { values: &gathered.narrow, depth: *depth };
                let panels = &panels[channels.start * depth..channels.end * depth];
                context.kernels.dot(rows, panels, needed, sums);
            }
            Self::Bytes(weights) => {
                let rows = Rows { values: &gathered.bytes, depth: weights.weights.depth };
                context.kernels.dot_bytes(rows, weights.panels(channels), needed, sums);
            }
            Self::Shift(ShiftCodes { panels, depth, terms }) => {
                let rows = Rows { values: &gathered.wide, depth: *depth };
                let each = 2 * depth * terms;
                let panels = &panels[channels.start * each..channels.end * each];
                context.kernels.shift(rows, *terms, panels, sums);
            }
        }
        stride
    }
}

#[inline(always)]
fn widen<T: From<i8> + Clone>(bytes: &[i8], wide: &mut Vec<T>) {
    wide.resize(bytes.len(), T::from(0));
    for (wide, &byte) in wide.iter_mut().zip(bytes) {
        *wide = T::from(byte);
    }
}
