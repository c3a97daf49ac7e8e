//! What both sets of wasm have: `i32x4.dot_i16x8_s` for dot products. A shift by a count of each lane does not exist there.

use super::tile::{Operands, Tile};
use super::{PANEL, Rows};
use std::arch::wasm32::*;

/// Channels of a vector of sums.
pub(super) const LANES: usize = 4;

/// See [`Kernels::dot`](super::Kernels::dot). With half a panel a tile has eight sums, which leaves half of 16 registers for
/// weights, activations and products.
pub(super) fn dot(rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
    Operands::new(rows, panels, channels, sums).for_each_tile(&[4, 1], |tile| match tile.height {
        4 => dot_tile::<4, 2>(tile),
        _ => dot_tile::<1, 4>(tile),
    });
}

fn dot_tile<const HEIGHT: usize, const VECTORS: usize>(tile: Tile<i16, i16, i32>) {
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

/// See [`Kernels::products`](super::Kernels::products). `add(sum, weights, x)` is the
/// sum of the first and the product of the others.
#[inline(always)]
pub(super) fn products(
    rows: Rows<f32>,
    panels: &[f32],
    sums: &mut [f32],
    add: impl Fn(v128, v128, v128) -> v128 + Copy,
) {
    let channels = panels.len() / rows.depth;
    Operands::new(rows, panels, channels, sums).for_each_tile(&[4, 1], |tile| match tile.height {
        4 => product_tile::<4, 2>(tile, add),
        _ => product_tile::<1, 4>(tile, add),
    });
}

#[inline(always)]
fn product_tile<const HEIGHT: usize, const VECTORS: usize>(
    tile: Tile<f32, f32, f32>,
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
