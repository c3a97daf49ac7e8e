//! Integer epilogues with SIMD128 of wasm, which shifts all lanes by the same count only.

use crate::rescale::Rescaler;
use std::arch::wasm32::*;

/// Channels of a vector.
const LANES: usize = 4;

/// An arithmetic right shift of each channel.
pub(crate) enum VectorShift {
    /// All channels by this.
    Same(u32),
    /// `2^(30 - count)` of each channel: half of a 64-bit product with it is the shifted value.
    Factors(Vec<i32>),
}

impl VectorShift {
    /// `None` for counts of which some but not all are 31, which no factor stands for.
    pub fn new(counts: &[u32]) -> Option<Self> {
        let first = counts.first().copied().unwrap_or(0);
        if counts.iter().all(|&count| count == first) {
            return Some(Self::Same(first));
        }
        let factors: Option<Vec<i32>> =
            counts.iter().map(|&count| Some(1 << 30u32.checked_sub(count)?)).collect();
        factors.map(Self::Factors)
    }

    /// # Safety
    /// There are channels `first..first + LANES`.
    #[inline(always)]
    unsafe fn apply(&self, first: usize, x: v128) -> v128 {
        match self {
            Self::Same(count) => i32x4_shr(x, *count),
            Self::Factors(factors) => {
                // SAFETY: the caller's promise.
                let factors = unsafe { vector(factors, first) };
                let low = u64x2_shr(i64x2_extmul_low_i32x4(x, factors), 30);
                let high = u64x2_shr(i64x2_extmul_high_i32x4(x, factors), 30);
                i32x4_shuffle::<0, 2, 4, 6>(low, high)
            }
        }
    }
}

/// Ends the sums of as many channels as fill vectors, the first of which is channel `first`, and returns how many these
/// are. The format of `out` fits i8.
pub(crate) fn rescale(rescaler: &Rescaler, first: usize, sums: &[i32], out: &mut [i8]) -> usize {
    let Some(shifts) = &rescaler.shifts else { return 0 };
    assert!(first + out.len() <= rescaler.channels() && sums.len() == out.len(), "sums do not fit");
    let bounds = [i8x16_splat(rescaler.lowest as i8), i8x16_splat(rescaler.highest as i8)];
    // SAFETY: `lane..lane + LANES` lies within `out` and `sums`, and its channels among the rescaler's.
    let four = |lane: usize| unsafe { rescaled(rescaler, shifts, first + lane, vector(sums, lane)) };
    let mut lane = 0;
    while lane + 4 * LANES <= out.len() {
        let [a, b, c, d] = [0, 1, 2, 3].map(|part| four(lane + part * LANES));
        let bytes = narrowed([i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d)], bounds);
        // SAFETY: 16 values lie in `out` there.
        unsafe { v128_store(out.as_mut_ptr().add(lane).cast(), bytes) }
        lane += 4 * LANES;
    }
    while lane + LANES <= out.len() {
        let half = i16x8_narrow_i32x4(four(lane), i32x4_splat(0));
        let bytes = narrowed([half, half], bounds);
        // SAFETY: four values lie in `out` there.
        unsafe { v128_store32_lane::<0>(bytes, out.as_mut_ptr().add(lane).cast()) }
        lane += LANES;
    }
    lane
}

/// # Safety
/// There are channels `first..first + LANES`.
#[inline(always)]
unsafe fn rescaled(rescaler: &Rescaler, [pre, post]: &[VectorShift; 2], first: usize, sums: v128) -> v128 {
    // SAFETY: the caller's promise: every array has an entry for each channel.
    unsafe {
        let scaled = i32x4_mul(pre.apply(first, sums), vector(&rescaler.multiplier, first));
        post.apply(first, i32x4_add(scaled, vector(&rescaler.offset, first)))
    }
}

/// Saturated to i8, then kept within bounds.
#[inline(always)]
fn narrowed([low, high]: [v128; 2], [lowest, highest]: [v128; 2]) -> v128 {
    i8x16_min(i8x16_max(i8x16_narrow_i16x8(low, high), lowest), highest)
}

/// # Safety
/// `values` reaches `LANES` beyond `start`.
#[inline(always)]
unsafe fn vector(values: &[i32], start: usize) -> v128 {
    debug_assert!(start + LANES <= values.len());
    // SAFETY: the caller's promise.
    unsafe { v128_load(values.as_ptr().add(start).cast()) }
}
