//! AVX2: 256-bit vectors, `vpmaddwd` and `vpmaddubsw` for dot products and `vpsllvd` for shifts.

use super::tile::{Operands, Tile};
use super::{BytePanels, Bytes, KernelSet, PANEL, Rows};
use std::arch::x86_64::*;

/// Proof that this CPU has AVX2: no other way leads to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

/// Channels of a vector of sums.
const LANES: usize = 8;

impl KernelSet for Avx2 {
    fn detect() -> Option<Self> {
        std::is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Twelve sums, two vectors of weights and one of activations fill the 16 registers.
    fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        let operands = Operands::new(rows, panels, channels, sums);
        // SAFETY: `self` exists, so the CPU has AVX2; a tile's parts fit each other, and the depth is even.
        for_each_tile!(operands, [6, 5, 4, 3, 2; 1], |tile, HEIGHT| unsafe {
            match tile.channels {
                ..=LANES => dot_tile::<HEIGHT, 1>(tile),
                _ => dot_tile::<HEIGHT, 2>(tile),
            }
        });
    }

    fn bytes(self) -> Option<Bytes> {
        Some(Bytes::SevenBits { chains: true })
    }

    /// Eight sums in i16, two vectors of weights and one of activations; sums in i32 wait in memory meanwhile.
    fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, channels: usize, sums: &mut [i32]) {
        assert_eq!(weights.chains.len() * PANEL * rows.depth, weights.panels.len(), "chains do not fit");
        let operands = Operands::new(rows, weights.panels, channels, sums);
        // SAFETY: as in `dot`; four divides the depth.
        for_each_tile!(operands, [4, 3, 2; 1], |tile, HEIGHT| unsafe {
            byte_tile::<HEIGHT>(&weights.chains[tile.index], tile);
        });
    }

    /// Shifting needs registers for shifts, signs and the shifted value too.
    fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        let operands = Operands::of_codes(rows, terms, panels, sums);
        // SAFETY: as in `dot`; each of the depth's activations meets `terms` pairs of shifts and signs.
        for_each_tile!(operands, [4, 3, 2; 1], |tile, HEIGHT| unsafe { shift_tile::<HEIGHT>(terms, tile) });
    }

    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        // SAFETY: `self` exists, so the CPU has AVX2.
        unsafe { with_avx2(work) }
    }
}

#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// # Safety
/// `tile` has `HEIGHT` rows and an even depth; the first `VECTORS` vectors of channels, of the panel's two, are needed.
#[target_feature(enable = "avx2")]
unsafe fn dot_tile<const HEIGHT: usize, const VECTORS: usize>(tile: Tile<i16, i16, i32>) {
    let Tile { rows, depth, panel, sums, stride, .. } = tile;
    let mut totals = [[_mm256_setzero_si256(); VECTORS]; HEIGHT];
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
    // SAFETY: a tile's sums reach that far.
    unsafe { store(&totals, sums, stride) }
}

/// Sums stay in i16 as far as the packer has proved that they fit: up to each of `ends`.
///
/// # Safety
/// `tile` has `HEIGHT` rows, and four divides its depth.
#[target_feature(enable = "avx2")]
unsafe fn byte_tile<const HEIGHT: usize>(ends: &[u32], tile: Tile<i8, i8, i32>) {
    let Tile { rows, depth, panel, sums, stride, .. } = tile;
    let mut totals = [[_mm256_setzero_si256(); 2]; HEIGHT];
    let mut k = 0;
    for &end in ends {
        let mut chains = [[_mm256_setzero_si256(); 2]; HEIGHT];
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
    // SAFETY: a tile's sums reach that far.
    unsafe { store(&totals, sums, stride) }
}

/// # Safety
/// `tile` has `HEIGHT` rows and a panel of `terms` codes for each of their activations.
#[target_feature(enable = "avx2")]
unsafe fn shift_tile<const HEIGHT: usize>(terms: usize, tile: Tile<i32, i8, i32>) {
    let Tile { rows, depth, panel, sums, stride, .. } = tile;
    let mut totals = [[_mm256_setzero_si256(); 2]; HEIGHT];
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
    // SAFETY: a tile's sums reach that far.
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
/// `sums` reaches `PANEL` beyond the start of the last of `HEIGHT` rows of `stride`.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn store<const HEIGHT: usize, const VECTORS: usize>(
    totals: &[[__m256i; VECTORS]; HEIGHT],
    sums: &mut [i32],
    stride: usize,
) {
    assert!(sums.len() >= (HEIGHT - 1) * stride + PANEL);
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
