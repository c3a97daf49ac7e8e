//! NEON, the 128-bit vectors of every 64-bit ARM, and the dot products of bytes that newer ones have.

use super::{BytePanels, PANEL, Rows};
use std::arch::aarch64::*;
use std::arch::asm;

/// Proof that this CPU has NEON: no other way leads to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Neon(());

/// Proof that this CPU has dot products of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NeonDotprod {
    /// For all that is no dot product of bytes.
    pub(super) neon: Neon,
}

/// Channels of a vector of sums.
const LANES: usize = 4;

/// Vectors of a panel's sums.
const VECTORS: usize = PANEL / LANES;

/// Rows of a register tile: 24 sums of single products, four vectors of weights and one of activations, of 32 registers.
const DOT_ROWS: usize = 3;

/// Rows of a register tile for bytes: 24 sums.
const BYTE_ROWS: usize = 6;

/// Rows of a register tile for shifting: 16 sums, four vectors of shifts and four of signs.
const SHIFT_ROWS: usize = 4;

impl Neon {
    pub(super) fn new() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }

    /// See [`Kernels::dot`](super::Kernels::dot), which has checked the lengths.
    pub(super) fn dot(self, rows: Rows<i16>, panels: &[i16], sums: &mut [i32]) {
        let stride = panels.len() / rows.depth;
        for (index, panel) in panels.chunks_exact(rows.depth * PANEL).enumerate() {
            let blocks = rows.values.chunks(DOT_ROWS * rows.depth).zip(sums.chunks_mut(DOT_ROWS * stride));
            for (block, sums) in blocks {
                let sums = &mut sums[index * PANEL..];
                // SAFETY: `self` exists, so the CPU has NEON; the caller's check makes `block` whole rows of the panel's
                // depth, which is even, and `sums` as many rows of `stride`, in which this panel's channels lie.
                unsafe {
                    match block.len() / rows.depth {
                        3 => dot_tile::<3>(block, panel, sums, stride),
                        2 => dot_tile::<2>(block, panel, sums, stride),
                        _ => dot_tile::<1>(block, panel, sums, stride),
                    }
                }
            }
        }
    }

    /// See [`Kernels::shift`](super::Kernels::shift), which has checked the lengths.
    pub(super) fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        let panel_length = rows.depth * terms * 2 * PANEL;
        let stride = panels.len() / panel_length * PANEL;
        for (index, panel) in panels.chunks_exact(panel_length).enumerate() {
            let blocks =
                rows.values.chunks(SHIFT_ROWS * rows.depth).zip(sums.chunks_mut(SHIFT_ROWS * stride));
            for (block, sums) in blocks {
                let sums = &mut sums[index * PANEL..];
                // SAFETY: as in `dot`; each of the depth's activations meets `terms` pairs of shifts and signs.
                unsafe {
                    match block.len() / rows.depth {
                        4 => shift_tile::<4>(block, terms, panel, sums, stride),
                        3 => shift_tile::<3>(block, terms, panel, sums, stride),
                        2 => shift_tile::<2>(block, terms, panel, sums, stride),
                        _ => shift_tile::<1>(block, terms, panel, sums, stride),
                    }
                }
            }
        }
    }
}

impl NeonDotprod {
    pub(super) fn new() -> Option<Self> {
        let neon = Neon::new()?;
        std::arch::is_aarch64_feature_detected!("dotprod").then_some(Self { neon })
    }

    /// See [`Kernels::dot_bytes`](super::Kernels::dot_bytes), which has checked the lengths.
    pub(super) fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, sums: &mut [i32]) {
        let stride = weights.panels.len() / rows.depth;
        for (index, panel) in weights.panels.chunks_exact(rows.depth * PANEL).enumerate() {
            let blocks = rows.values.chunks(BYTE_ROWS * rows.depth).zip(sums.chunks_mut(BYTE_ROWS * stride));
            for (block, sums) in blocks {
                let sums = &mut sums[index * PANEL..];
                // SAFETY: `self` exists, so the CPU has the instructions; lengths are as in `dot`, and four divides the
                // depth.
                unsafe {
                    match block.len() / rows.depth {
                        6 => byte_tile::<6>(block, panel, sums, stride),
                        5 => byte_tile::<5>(block, panel, sums, stride),
                        4 => byte_tile::<4>(block, panel, sums, stride),
                        3 => byte_tile::<3>(block, panel, sums, stride),
                        2 => byte_tile::<2>(block, panel, sums, stride),
                        _ => byte_tile::<1>(block, panel, sums, stride),
                    }
                }
            }
        }
    }
}

/// Adds up the products of first and of second weights of all pairs side by side, and both at the end.
///
/// # Safety
/// `rows` holds `ROWS` rows of `panel.len() / PANEL` values, an even number, and `sums` reaches `PANEL` beyond the start
/// of the last of as many rows of `stride`.
#[target_feature(enable = "neon")]
unsafe fn dot_tile<const ROWS: usize>(rows: &[i16], panel: &[i16], sums: &mut [i32], stride: usize) {
    let depth = panel.len() / PANEL;
    let mut totals = [[[vdupq_n_s32(0); 2]; VECTORS]; ROWS];
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
    // SAFETY: the caller's promise about `sums`.
    unsafe { store(&totals, sums, stride) }
}

/// # Safety
/// As [`dot_tile`], for a depth that four divides.
#[target_feature(enable = "neon,dotprod")]
unsafe fn byte_tile<const ROWS: usize>(rows: &[i8], panel: &[i8], sums: &mut [i32], stride: usize) {
    let depth = panel.len() / PANEL;
    let mut totals = [[vdupq_n_s32(0); VECTORS]; ROWS];
    for k in (0..depth).step_by(4) {
        // SAFETY: `k + 3 < depth`: the panel holds PANEL times four weights there and every row four activations.
        unsafe {
            let weights = panel.as_ptr().add(k * PANEL);
            let weights: [int8x16_t; VECTORS] =
                std::array::from_fn(|vector| vld1q_s8(weights.add(vector * 4 * LANES)));
            for (row, totals) in totals.iter_mut().enumerate() {
                let four = rows.as_ptr().add(row * depth + k).cast::<i32>().read_unaligned();
                let four = vreinterpretq_s8_s32(vdupq_n_s32(four));
                for (total, weights) in totals.iter_mut().zip(weights) {
                    *total = dot_four(*total, weights, four);
                }
            }
        }
    }
    // SAFETY: the caller's promise about `sums`.
    unsafe { store(&totals, sums, stride) }
}

/// Adds to each lane of `sum` the four products of its bytes. The intrinsic for it is not stable yet.
#[target_feature(enable = "neon,dotprod")]
fn dot_four(mut sum: int32x4_t, weights: int8x16_t, activations: int8x16_t) -> int32x4_t {
    // SAFETY: one instruction of a feature that this function has, on registers only.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {weights:v}.16b, {activations:v}.16b",
            sum = inout(vreg) sum,
            weights = in(vreg) weights,
            activations = in(vreg) activations,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sum
}

/// With all bits of a negative weight's product turned over: `-x = !x + 1`, and the ones are counted for all rows at once.
///
/// # Safety
/// `rows` holds `ROWS` rows of `panel.len() / (2 * PANEL * terms)` values and `sums` reaches `PANEL` beyond the start of
/// the last of as many rows of `stride`.
#[target_feature(enable = "neon")]
unsafe fn shift_tile<const ROWS: usize>(
    rows: &[i32],
    terms: usize,
    panel: &[i8],
    sums: &mut [i32],
    stride: usize,
) {
    let depth = panel.len() / (2 * PANEL * terms);
    let mut totals = [[vdupq_n_s32(0); VECTORS]; ROWS];
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
    // SAFETY: the caller's promise about `sums`.
    unsafe { store(&totals, sums, stride) }
}

/// Sixteen bytes as i32.
#[target_feature(enable = "neon")]
fn widened(bytes: int8x16_t) -> [int32x4_t; VECTORS] {
    let (low, high) = (vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes));
    [vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)]
}

/// # Safety
/// `sums` reaches `PANEL` beyond the start of the last of `ROWS` rows of `stride`.
#[target_feature(enable = "neon")]
unsafe fn store<const ROWS: usize>(totals: &[[int32x4_t; VECTORS]; ROWS], sums: &mut [i32], stride: usize) {
    assert!(sums.len() >= (ROWS - 1) * stride + PANEL);
    for (row, totals) in totals.iter().enumerate() {
        for (vector, &total) in totals.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { vst1q_s32(sums.as_mut_ptr().add(row * stride + vector * LANES), total) }
        }
    }
}
