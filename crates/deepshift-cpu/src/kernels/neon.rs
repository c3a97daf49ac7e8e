//! NEON, the 128-bit vectors of every 64-bit ARM.

use super::tile::{Operands, Tile};
use super::{KernelSet, PANEL, Rows};
use std::arch::aarch64::*;

/// Proof that this CPU has NEON: no other way leads to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neon(());

/// Channels of a vector of sums.
pub(super) const LANES: usize = 4;

/// Vectors of a panel's sums.
pub(super) const VECTORS: usize = PANEL / LANES;

impl KernelSet for Neon {
    fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    /// 24 sums of single products, four vectors of weights and one of activations, of 32 registers.
    fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        let operands = Operands::new(rows, panels, channels, sums);
        // SAFETY: `self` exists, so the CPU has NEON; a tile's parts fit each other, and the depth is even.
        for_each_tile!(operands, [3, 2; 1], |tile, HEIGHT| unsafe { dot_tile::<HEIGHT>(tile) });
    }

    /// 16 sums, four vectors of shifts and four of signs.
    fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        let operands = Operands::of_codes(rows, terms, panels, sums);
        // SAFETY: as in `dot`; each of the depth's activations meets `terms` pairs of shifts and signs.
        for_each_tile!(operands, [4, 3, 2; 1], |tile, HEIGHT| unsafe { shift_tile::<HEIGHT>(terms, tile) });
    }
}

/// Adds up the products of first and of second weights of all pairs side by side, and both at the end.
///
/// # Safety
/// `tile` has `HEIGHT` rows and an even depth.
#[target_feature(enable = "neon")]
unsafe fn dot_tile<const HEIGHT: usize>(tile: Tile<i16, i16, i32>) {
    let Tile { rows, depth, panel, sums, stride, .. } = tile;
    let mut totals = [[[vdupq_n_s32(0); 2]; VECTORS]; HEIGHT];
    for k in (0..depth).step_by(2) {
        // SAFETY: `k + 1 < depth`: the panel holds PANEL pairs of weights there and every row two activations.
        unsafe {
            let weights = panel.as_ptr().add(k * PANEL);
            let weights: [int16x8_t; VECTORS] =
                std::array::from_fn(|vector| vld1q_s16(weights.add(vector * 2 * LANES)));
            for (row, totals) in totals.iter_mut().enumerate() {
                let pair = rows.as_ptr().add(row * depth + k).cast::<i32>().read_unaligned();
                let pair = vreinterpretq_s16_s32(vdupq_n_s32(pair));
                for (total, weights) in totals.iter_mut().zip(weights) {
                    total[0] = vmlal_s16(total[0], vget_low_s16(pair), vget_low_s16(weights));
                    total[1] = vmlal_high_s16(total[1], pair, weights);
                }
            }
        }
    }
    let totals = totals.map(|totals| totals.map(|[low, high]| vpaddq_s32(low, high)));
    // SAFETY: a tile's sums reach that far.
    unsafe { store(&totals, sums, stride) }
}

/// With all bits of a negative weight's product turned over: `-x = !x + 1`, and the ones are counted for all rows at once.
///
/// # Safety
/// `tile` has `HEIGHT` rows and a panel of `terms` codes for each of their activations.
#[target_feature(enable = "neon")]
unsafe fn shift_tile<const HEIGHT: usize>(terms: usize, tile: Tile<i32, i8, i32>) {
    let Tile { rows, depth, panel, sums, stride, .. } = tile;
    let mut totals = [[vdupq_n_s32(0); VECTORS]; HEIGHT];
    let mut ones = [vdupq_n_s32(0); VECTORS];
    for step in 0..depth * terms {
        // SAFETY: the panel holds PANEL shifts and PANEL signs for each step, and every row one activation for every
        // `terms` steps.
        unsafe {
            let codes = panel.as_ptr().add(step * 2 * PANEL);
            let (shifts, signs) = (vld1q_s8(codes), vld1q_s8(codes.add(PANEL)));
            // What is shifted by 32 or more is zero.
            let shifts =
                widened(vorrq_s8(shifts, vandq_s8(vreinterpretq_s8_u8(vceqzq_s8(signs)), vdupq_n_s8(32))));
            let negative = widened(vminq_s8(signs, vdupq_n_s8(0)));
            for (ones, negative) in ones.iter_mut().zip(negative) {
                *ones = vsubq_s32(*ones, negative);
            }
            let k = if terms == 1 { step } else { step / terms };
            for (row, totals) in totals.iter_mut().enumerate() {
                let q = vdupq_n_s32(*rows.as_ptr().add(row * depth + k));
                for vector in 0..VECTORS {
                    let shifted = vshlq_s32(q, shifts[vector]);
                    totals[vector] = vaddq_s32(totals[vector], veorq_s32(shifted, negative[vector]));
                }
            }
        }
    }
    for totals in &mut totals {
        for (total, ones) in totals.iter_mut().zip(ones) {
            *total = vaddq_s32(*total, ones);
        }
    }
    // SAFETY: a tile's sums reach that far.
    unsafe { store(&totals, sums, stride) }
}

/// Sixteen bytes as i32.
#[target_feature(enable = "neon")]
fn widened(bytes: int8x16_t) -> [int32x4_t; VECTORS] {
    let (low, high) = (vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes));
    [vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)]
}

/// # Safety
/// `sums` reaches `PANEL` beyond the start of the last of `HEIGHT` rows of `stride`.
#[target_feature(enable = "neon")]
pub(super) unsafe fn store<const HEIGHT: usize>(
    totals: &[[int32x4_t; VECTORS]; HEIGHT],
    sums: &mut [i32],
    stride: usize,
) {
    assert!(sums.len() >= (HEIGHT - 1) * stride + PANEL);
    for (row, totals) in totals.iter().enumerate() {
        for (vector, &total) in totals.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { vst1q_s32(sums.as_mut_ptr().add(row * stride + vector * LANES), total) }
        }
    }
}
