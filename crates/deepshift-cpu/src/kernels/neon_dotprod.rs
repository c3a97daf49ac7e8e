//! NEON with the dot products of bytes that newer 64-bit ARMs have.

use super::neon::{LANES, Neon, VECTORS, store};
use super::tile::{Operands, Tile};
use super::{BytePanels, Bytes, KernelSet, PANEL, Rows};
use std::arch::aarch64::*;
use std::arch::asm;

/// Proof that this CPU has dot products of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NeonDotprod {
    /// For all that is no dot product of bytes.
    neon: Neon,
}

impl KernelSet for NeonDotprod {
    fn detect() -> Option<Self> {
        let neon = Neon::detect()?;
        std::arch::is_aarch64_feature_detected!("dotprod").then_some(Self { neon })
    }

    fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        self.neon.dot(rows, panels, channels, sums);
    }

    fn bytes(self) -> Option<Bytes> {
        Some(Bytes::Signed)
    }

    /// 24 sums, four vectors of weights and one of activations, of 32 registers.
    fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, channels: usize, sums: &mut [i32]) {
        let operands = Operands::new(rows, weights.panels, channels, sums);
        // SAFETY: `self` exists, so the CPU has the instructions; a tile's parts fit each other, and four divides the depth.
        for_each_tile!(operands, [6, 5, 4, 3, 2; 1], |tile, HEIGHT| unsafe { byte_tile::<HEIGHT>(tile) });
    }

    fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        self.neon.shift(rows, terms, panels, sums);
    }
}

/// # Safety
/// `tile` has `HEIGHT` rows, and four divides its depth.
#[target_feature(enable = "neon,dotprod")]
unsafe fn byte_tile<const HEIGHT: usize>(tile: Tile<i8, i8, i32>) {
    let Tile { rows, depth, panel, sums, stride, .. } = tile;
    let mut totals = [[vdupq_n_s32(0); VECTORS]; HEIGHT];
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
    // SAFETY: a tile's sums reach that far.
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
