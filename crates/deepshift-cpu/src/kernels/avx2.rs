//! AVX2: 256-bit vectors, `vpmaddwd` and `vpmaddubsw` for dot products and `vpsllvd` for shifts.

use super::{BytePanels, PANEL, Rows};
use std::arch::x86_64::*;

/// Proof that this CPU has AVX2: no other way leads to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

/// Rows of one register tile: twelve sums, two vectors of weights and one of activations fill the 16 registers.
const DOT_ROWS: usize = 6;

/// Channels of a vector of sums.
const LANES: usize = 8;

/// For bytes eight sums in i16, two vectors of weights and one of activations; sums in i32 wait in memory meanwhile.
const BYTE_ROWS: usize = 4;

/// Shifting needs registers for shifts, signs and the shifted value too.
const SHIFT_ROWS: usize = 4;

impl Avx2 {
    pub(super) fn new() -> Option<Self> {
        std::is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// See [`Kernels::dot`](super::Kernels::dot), which has checked the lengths.
    pub(super) fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        let stride = panels.len() / rows.depth;
        for (index, panel) in panels.chunks_exact(rows.depth * PANEL).enumerate() {
            let rows = rows.values.chunks(DOT_ROWS * rows.depth).zip(sums.chunks_mut(DOT_ROWS * stride));
            for (rows, sums) in rows {
                // SAFETY: `self` exists, so the CPU has AVX2; the caller's check makes `rows` whole rows of the
                // panel's depth and `sums` as many rows of `stride`, in which this panel's channels lie.
                unsafe {
                    match channels - index * PANEL {
                        ..=LANES => dot_rows::<1>(rows, panel, &mut sums[index * PANEL..], stride),
                        _ => dot_rows::<2>(rows, panel, &mut sums[index * PANEL..], stride),
                    }
                }
            }
        }
    }

    /// See [`Kernels::dot_bytes`](super::Kernels::dot_bytes), which has checked the lengths.
    pub(super) fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, sums: &mut [i32]) {
        let stride = weights.panels.len() / rows.depth;
        assert_eq!(weights.chains.len() * PANEL, stride, "chains do not fit");
        let panels = weights.panels.chunks_exact(rows.depth * PANEL);
        for ((index, panel), ends) in panels.enumerate().zip(weights.chains) {
            let rows = rows.values.chunks(BYTE_ROWS * rows.depth).zip(sums.chunks_mut(BYTE_ROWS * stride));
            for (rows, sums) in rows {
                // SAFETY: as in `dot`; four divides the depth.
                unsafe { byte_rows(rows, panel, ends, &mut sums[index * PANEL..], stride) }
            }
        }
    }

    /// See [`Kernels::shift`](super::Kernels::shift), which has checked the lengths.
    pub(super) fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        let panel_length = rows.depth * terms * 2 * PANEL;
        let stride = panels.len() / panel_length * PANEL;
        for (index, panel) in panels.chunks_exact(panel_length).enumerate() {
            let rows = rows.values.chunks(SHIFT_ROWS * rows.depth).zip(sums.chunks_mut(SHIFT_ROWS * stride));
            for (rows, sums) in rows {
                // SAFETY: as in `dot`; each of the depth's activations meets `terms` pairs of shifts and signs.
                unsafe { shift_rows(rows, terms, panel, &mut sums[index * PANEL..], stride) }
            }
        }
    }

    #[inline(always)]
    pub(super) fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        // SAFETY: `self` exists, so the CPU has AVX2.
        unsafe { with_avx2(work) }
    }
}

#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// # Safety
/// `rows` holds up to `DOT_ROWS` rows of `panel.len() / PANEL` values and `sums` reaches `PANEL` beyond the start of
/// the last of as many rows of `stride`.
#[target_feature(enable = "avx2")]
unsafe fn dot_rows<const VECTORS: usize>(rows: &[i16], panel: &[i16], sums: &mut [i32], stride: usize) {
    let depth = panel.len() / PANEL;
    // SAFETY: the caller's promise, row by row.
    unsafe {
        match rows.len() / depth {
            6 => dot_tile::<6, VECTORS>(rows, panel, sums, stride),
            5 => dot_tile::<5, VECTORS>(rows, panel, sums, stride),
            4 => dot_tile::<4, VECTORS>(rows, panel, sums, stride),
            3 => dot_tile::<3, VECTORS>(rows, panel, sums, stride),
            2 => dot_tile::<2, VECTORS>(rows, panel, sums, stride),
            _ => dot_tile::<1, VECTORS>(rows, panel, sums, stride),
        }
    }
}

/// # Safety
/// As [`dot_rows`], for exactly `ROWS` rows and the first `VECTORS` vectors of channels, of the panel's two.
#[target_feature(enable = "avx2")]
unsafe fn dot_tile<const ROWS: usize, const VECTORS: usize>(
    rows: &[i16],
    panel: &[i16],
    sums: &mut [i32],
    stride: usize,
) {
    let depth = panel.len() / PANEL;
    let mut totals = [[_mm256_setzero_si256(); VECTORS]; ROWS];
    for k in (0..depth).step_by(2) {
        // SAFETY: `k + 1 < depth`: the panel holds PANEL pairs of weights there and every row two activations.
        unsafe {
            let weights = panel.as_ptr().add(k * PANEL).cast::<__m256i>();
            let weights: [__m256i; VECTORS] =
                std::array::from_fn(|vector| _mm256_loadu_si256(weights.add(vector)));
            for (row, totals) in totals.iter_mut().enumerate() {
                let pair = rows.as_ptr().add(row * depth + k).cast::<i32>().read_unaligned();
                let pair = _mm256_set1_epi32(pair);
                for (total, weights) in totals.iter_mut().zip(weights) {
                    *total = _mm256_add_epi32(*total, _mm256_madd_epi16(pair, weights));
                }
            }
        }
    }
    // SAFETY: the caller's promise about `sums`.
    unsafe { store(&totals, sums, stride) }
}

/// # Safety
/// `rows` holds up to `BYTE_ROWS` rows of `panel.len() / PANEL` values, a multiple of four, and `sums` reaches `PANEL`
/// beyond the start of the last of as many rows of `stride`.
#[target_feature(enable = "avx2")]
unsafe fn byte_rows(rows: &[i8], panel: &[i8], ends: &[u32], sums: &mut [i32], stride: usize) {
    let depth = panel.len() / PANEL;
    // SAFETY: the caller's promise, row by row.
    unsafe {
        match rows.len() / depth {
            4 => byte_tile::<4>(rows, panel, ends, sums, stride),
            3 => byte_tile::<3>(rows, panel, ends, sums, stride),
            2 => byte_tile::<2>(rows, panel, ends, sums, stride),
            _ => byte_tile::<1>(rows, panel, ends, sums, stride),
        }
    }
}

/// Sums stay in i16 as far as the packer has proved that they fit: up to each of `ends`.
///
/// # Safety
/// As [`byte_rows`], for exactly `ROWS` rows.
#[target_feature(enable = "avx2")]
unsafe fn byte_tile<const ROWS: usize>(
    rows: &[i8],
    panel: &[i8],
    ends: &[u32],
    sums: &mut [i32],
    stride: usize,
) {
    let depth = panel.len() / PANEL;
    let mut totals = [[_mm256_setzero_si256(); 2]; ROWS];
    let mut k = 0;
    for &end in ends {
        let mut chains = [[_mm256_setzero_si256(); 2]; ROWS];
        while k < depth.min(end as usize) {
            // SAFETY: `k + 3 < depth`: the panel holds PANEL times four weights there and every row four activations.
            unsafe {
                let weights = panel.as_ptr().add(k * PANEL).cast::<__m256i>();
                let weights = [_mm256_loadu_si256(weights), _mm256_loadu_si256(weights.add(1))];
                for (row, chains) in chains.iter_mut().enumerate() {
                    let four = rows.as_ptr().add(row * depth + k).cast::<i32>().read_unaligned();
                    let four = _mm256_set1_epi32(four);
                    for (chain, weights) in chains.iter_mut().zip(weights) {
                        *chain = _mm256_add_epi16(*chain, _mm256_maddubs_epi16(four, weights));
                    }
                }
            }
            k += 4;
        }
        for (total, &chain) in totals.as_flattened_mut().iter_mut().zip(chains.as_flattened()) {
            *total = _mm256_add_epi32(*total, _mm256_madd_epi16(chain, _mm256_set1_epi16(1)));
        }
    }
    // SAFETY: the caller's promise about `sums`.
    unsafe { store(&totals, sums, stride) }
}

/// # Safety
/// `rows` holds up to `SHIFT_ROWS` rows of `panel.len() / (2 * PANEL * terms)` values and `sums` reaches `PANEL` beyond
/// the start of the last of as many rows of `stride`.
#[target_feature(enable = "avx2")]
unsafe fn shift_rows(rows: &[i32], terms: usize, panel: &[i8], sums: &mut [i32], stride: usize) {
    let depth = panel.len() / (2 * PANEL * terms);
    // SAFETY: the caller's promise, row by row.
    unsafe {
        match rows.len() / depth {
            4 => shift_tile::<4>(rows, terms, panel, sums, stride),
            3 => shift_tile::<3>(rows, terms, panel, sums, stride),
            2 => shift_tile::<2>(rows, terms, panel, sums, stride),
            _ => shift_tile::<1>(rows, terms, panel, sums, stride),
        }
    }
}

/// # Safety
/// As [`shift_rows`], for exactly `ROWS` rows.
#[target_feature(enable = "avx2")]
unsafe fn shift_tile<const ROWS: usize>(
    rows: &[i32],
    terms: usize,
    panel: &[i8],
    sums: &mut [i32],
    stride: usize,
) {
    let depth = panel.len() / (2 * PANEL * terms);
    let mut totals = [[_mm256_setzero_si256(); 2]; ROWS];
    for step in 0..depth * terms {
        // SAFETY: the panel holds PANEL shifts and PANEL signs for each step, and every row one activation for every
        // `terms` steps.
        unsafe {
            let codes = panel.as_ptr().add(step * 2 * PANEL);
            let shifts = [widened(codes), widened(codes.add(PANEL / 2))];
            let signs = [widened(codes.add(PANEL)), widened(codes.add(PANEL + PANEL / 2))];
            let k = if terms == 1 { step } else { step / terms };
            for (row, totals) in totals.iter_mut().enumerate() {
                let q = _mm256_set1_epi32(*rows.as_ptr().add(row * depth + k));
                for half in 0..2 {
                    let shifted = _mm256_sllv_epi32(q, shifts[half]);
                    totals[half] = _mm256_add_epi32(totals[half], _mm256_sign_epi32(shifted, signs[half]));
                }
            }
        }
    }
    // SAFETY: the caller's promise about `sums`.
    unsafe { store(&totals, sums, stride) }
}

/// Eight bytes as eight i32.
///
/// # Safety
/// Eight bytes can be read at `codes`.
#[target_feature(enable = "avx2")]
unsafe fn widened(codes: *const i8) -> __m256i {
    // SAFETY: the caller's promise.
    _mm256_cvtepi8_epi32(unsafe { _mm_loadl_epi64(codes.cast()) })
}

/// # Safety
/// `sums` reaches `PANEL` beyond the start of the last of `ROWS` rows of `stride`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn store<const ROWS: usize, const VECTORS: usize>(
    totals: &[[__m256i; VECTORS]; ROWS],
    sums: &mut [i32],
    stride: usize,
) {
    assert!(sums.len() >= (ROWS - 1) * stride + PANEL);
    for (row, totals) in totals.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            let to = sums.as_mut_ptr().add(row * stride).cast::<__m256i>();
            for (vector, &total) in totals.iter().enumerate() {
                _mm256_storeu_si256(to.add(vector), total);
            }
        }
    }
}
