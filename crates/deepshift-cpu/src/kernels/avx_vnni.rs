//! AVX-VNNI: the dot products of AVX-512's VNNI on 256-bit vectors, for CPUs without AVX-512.

use super::avx2::Avx2;
use super::tile::{Operands, Tile};
use super::{BytePanels, Bytes, KernelSet, PANEL, Rows};
use std::arch::x86_64::*;

/// Proof that this CPU has the instructions: no other way leads to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AvxVnni {
    /// For all that is no dot product.
    avx2: Avx2,
}

impl KernelSet for AvxVnni {
    fn detect() -> Option<Self> {
        let avx2 = Avx2::detect()?;
        std::is_x86_feature_detected!("avxvnni").then_some(Self { avx2 })
    }

    fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        // SAFETY: `self` exists, so the CPU has the instructions; the depth is even, so that words of two activations fill a
        // row.
        unsafe { products::<i16, false>(Operands::new(rows, panels, channels, sums), &[]) }
    }

    fn bytes(self) -> Option<Bytes> {
        Some(Bytes::Offset)
    }

    fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, channels: usize, sums: &mut [i32]) {
        assert_eq!(weights.starts.len() * rows.depth, weights.panels.len(), "starts do not fit");
        let operands = Operands::new(rows, weights.panels, channels, sums);
        // SAFETY: as in `dot`, with words of four activations and a start for each channel of the panels.
        unsafe { products::<i8, true>(operands, weights.starts) }
    }

    fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        self.avx2.shift(rows, terms, panels, sums);
    }

    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        self.avx2.vectorize(work)
    }
}

/// Twelve sums, two vectors of weights and one of activations fill the 16 registers.
///
/// # Safety
/// Words of four bytes fill the rows; `starts` is empty or has one for each channel of the panels.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn products<T, const BYTES: bool>(operands: Operands<T, T, i32>, starts: &[i32]) {
    // SAFETY: the caller's promise; a panel's starts are as many as its channels.
    for_each_tile!(operands, [6, 5, 4, 3, 2; 1], |tile, HEIGHT| unsafe {
        let starts = starts.get(tile.index * PANEL..(tile.index + 1) * PANEL);
        dot_tile::<T, BYTES, HEIGHT>(starts, tile);
    });
}

/// # Safety
/// `tile` has `HEIGHT` rows, filled by words of four bytes.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn dot_tile<T, const BYTES: bool, const HEIGHT: usize>(starts: Option<&[i32]>, tile: Tile<T, T, i32>) {
    let Tile { rows, panel, sums, stride, .. } = tile;
    let words = size_of_val(panel) / PANEL / size_of::<i32>();
    let mut totals = [[_mm256_setzero_si256(); 2]; HEIGHT];
    if let Some(starts) = starts {
        // SAFETY: a panel's starts fill two vectors.
        let starts = unsafe { load_two(starts.as_ptr().cast()) };
        totals = [starts; HEIGHT];
    }
    let (rows, panel) = (rows.as_ptr().cast::<i32>(), panel.as_ptr().cast::<__m256i>());
    for k in 0..words {
        // SAFETY: the panel has two vectors and every row a word at every `k`.
        unsafe {
            let weights = load_two(panel.add(2 * k));
            for (row, totals) in totals.iter_mut().enumerate() {
                let activations = _mm256_set1_epi32(rows.add(row * words + k).read_unaligned());
                for (total, weights) in totals.iter_mut().zip(weights) {
                    *total = match BYTES {
                        true => _mm256_dpbusd_avx_epi32(*total, activations, weights),
                        false => _mm256_dpwssd_avx_epi32(*total, activations, weights),
                    };
                }
            }
        }
    }
    // SAFETY: a tile's sums reach that far.
    unsafe { super::avx2::store(&totals, sums, stride) }
}

/// # Safety
/// Two vectors can be read there.
#[target_feature(enable = "avx2")]
unsafe fn load_two(vectors: *const __m256i) -> [__m256i; 2] {
    // SAFETY: the caller's promise.
    unsafe { [_mm256_loadu_si256(vectors), _mm256_loadu_si256(vectors.add(1))] }
}
