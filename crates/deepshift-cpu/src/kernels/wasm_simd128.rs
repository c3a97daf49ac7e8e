//! SIMD128 of wasm: `i32x4.dot_i16x8_s` for dot products. A shift by a count of each lane does not exist there.

use super::{PANEL, Rows};
use std::arch::wasm32::*;

/// Rows of a register tile at most. With half a panel these are eight sums, which leaves half of 16 registers for weights,
/// activations and products.
const ROWS: usize = 4;

/// Channels of a vector of sums.
pub(super) const LANES: usize = 4;

/// Some rows, one panel of weights and where their sums belong: the first of rows that are `stride` apart.
pub(super) struct Tile<'a, T, S> {
    /// Of the panel.
    #[cfg_attr(not(target_feature = "relaxed-simd"), expect(dead_code))]
    pub index: usize,
    /// `[height, depth]`.
    pub rows: &'a [T],
    pub height: usize,
    pub depth: usize,
    pub panel: &'a [T],
    pub sums: &'a mut [S],
    pub stride: usize,
    /// Channels of the panel that are needed.
    pub channels: usize,
}

/// Calls `tile` for each tile of `HEIGHT` rows, or a single one of the last, and a panel of the same depth; `channels` of
/// all panels are needed.
#[inline(always)]
pub(super) fn for_each_tile<const HEIGHT: usize, T, S>(
    rows: Rows<T>,
    panels: &[T],
    channels: usize,
    sums: &mut [S],
    mut tile: impl FnMut(Tile<T, S>),
) {
    let Rows { values, depth } = rows;
    let stride = panels.len() / depth;
    for (index, panel) in panels.chunks_exact(depth * PANEL).enumerate() {
        let channels = PANEL.min(channels - index * PANEL);
        let (mut rest, mut row) = (values, 0);
        while !rest.is_empty() {
            let height = if rest.len() < HEIGHT * depth { 1 } else { HEIGHT };
            let (rows, others) = rest.split_at(height * depth);
            let sums = &mut sums[row * stride + index * PANEL..];
            tile(Tile { index, rows, height, depth, panel, sums, stride, channels });
            (rest, row) = (others, row + height);
        }
    }
}

/// See [`Kernels::dot`](super::Kernels::dot), which has checked the lengths.
pub(super) fn dot(rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
    for_each_tile::<ROWS, _, _>(rows, panels, channels, sums, |tile| match tile.height {
        4 => dot_tile::<4, 2>(tile),
        _ => dot_tile::<1, 4>(tile),
    });
}

fn dot_tile<const HEIGHT: usize, const VECTORS: usize>(tile: Tile<i16, i32>) {
    let depth = tile.depth;
    for part in (0..tile.channels).step_by(VECTORS * LANES) {
        let mut totals = [[i32x4_splat(0); VECTORS]; HEIGHT];
        for k in (0..depth).step_by(2) {
            // SAFETY: the depth is even: the panel holds PANEL pairs of weights at `k`, and each of HEIGHT rows two
            // activations.
            unsafe {
                let weights = load::<VECTORS, _>(tile.panel, k * PANEL + 2 * part);
                for (row, totals) in totals.iter_mut().enumerate() {
                    let pair = v128_load32_splat(tile.rows.as_ptr().add(row * depth + k).cast());
                    for (total, weights) in totals.iter_mut().zip(weights) {
                        *total = i32x4_add(*total, i32x4_dot_i16x8(weights, pair));
                    }
                }
            }
        }
        // SAFETY: the sums reach PANEL beyond the start of each of HEIGHT rows.
        unsafe { store(&totals, &mut tile.sums[part..], tile.stride) }
    }
}

/// See [`Kernels::products`](super::Kernels::products), which has checked the lengths. `add(sum, weights, x)` is the
/// sum of the first and the product of the others.
#[inline(always)]
pub(super) fn products(
    rows: Rows<f32>,
    panels: &[f32],
    sums: &mut [f32],
    add: impl Fn(v128, v128, v128) -> v128 + Copy,
) {
    let channels = panels.len() / rows.depth;
    for_each_tile::<ROWS, _, _>(rows, panels, channels, sums, |tile| match tile.height {
        4 => product_tile::<4, 2>(tile, add),
        _ => product_tile::<1, 4>(tile, add),
    });
}

#[inline(always)]
fn product_tile<const HEIGHT: usize, const VECTORS: usize>(
    tile: Tile<f32, f32>,
    add: impl Fn(v128, v128, v128) -> v128,
) {
    let depth = tile.depth;
    for part in (0..PANEL).step_by(VECTORS * LANES) {
        let mut totals = [[f32x4_splat(0.0); VECTORS]; HEIGHT];
        for k in 0..depth {
            // SAFETY: the panel holds PANEL weights at `k`, and each of HEIGHT rows one activation.
            unsafe {
                let weights = load::<VECTORS, _>(tile.panel, k * PANEL + part);
                for (row, totals) in totals.iter_mut().enumerate() {
                    let x = v128_load32_splat(tile.rows.as_ptr().add(row * depth + k).cast());
                    for (total, weights) in totals.iter_mut().zip(weights) {
                        *total = add(*total, weights, x);
                    }
                }
            }
        }
        // SAFETY: as in `dot_tile`.
        unsafe { store(&totals, &mut tile.sums[part..], tile.stride) }
    }
}

/// `sum + weights * x`.
#[cfg(not(target_feature = "relaxed-simd"))]
#[inline(always)]
pub(super) fn multiply_add(sum: v128, weights: v128, x: v128) -> v128 {
    f32x4_add(sum, f32x4_mul(weights, x))
}

/// # Safety
/// `VECTORS` vectors can be read from element `start` on.
#[inline(always)]
pub(super) unsafe fn load<const VECTORS: usize, T>(from: &[T], start: usize) -> [v128; VECTORS] {
    debug_assert!(size_of_val(&from[start..]) >= VECTORS * size_of::<v128>());
    // SAFETY: the caller's promise.
    std::array::from_fn(|vector| unsafe { v128_load(from.as_ptr().add(start).cast::<v128>().add(vector)) })
}

/// # Safety
/// `VECTORS` vectors can be written at the start of each of `HEIGHT` rows of `stride`.
#[inline(always)]
pub(super) unsafe fn store<const HEIGHT: usize, const VECTORS: usize, S>(
    totals: &[[v128; VECTORS]; HEIGHT],
    sums: &mut [S],
    stride: usize,
) {
    debug_assert!(sums.len() >= (HEIGHT - 1) * stride + VECTORS * LANES);
    for (row, totals) in totals.iter().enumerate() {
        for (vector, total) in totals.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { v128_store(sums.as_mut_ptr().add(row * stride).cast::<v128>().add(vector), *total) }
        }
    }
}
