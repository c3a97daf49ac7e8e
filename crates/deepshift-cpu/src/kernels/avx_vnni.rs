//! AVX-VNNI: the dot products of AVX-512's VNNI on 256-bit vectors, for CPUs without AVX-512.

use super::avx2::Avx2;
use super::{BytePanels, PANEL, Rows};
use std::arch::x86_64::*;

/// Proof that this CPU has the instructions: no other way leads to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AvxVnni {
    /// For all that is no dot product.
    pub(super) avx2: Avx2,
}

/// Rows of one register tile: twelve sums, two vectors of weights and one of activations fill the 16 registers.
const ROWS: usize = 6;

impl AvxVnni {
    pub(super) fn new() -> Option<Self> {
        let avx2 = Avx2::new()?;
        std::is_x86_feature_detected!("avxvnni").then_some(Self { avx2 })
    }

    /// See [`Kernels::dot`](super::Kernels::dot), which has checked the lengths.
    pub(super) fn dot(self, rows: Rows<i16>, panels: &[i16], sums: &mut [i32]) {
        // SAFETY: `self` exists, so the CPU has the instructions; the caller's check makes rows, panels and sums fit each
        // other, and the depth even, so that words of two activations fill a row.
        unsafe { products::<i16, false>(rows, panels, &[], sums) }
    }

    /// See [`Kernels::dot_bytes`](super::Kernels::dot_bytes), which has checked the lengths.
    pub(super) fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, sums: &mut [i32]) {
        assert_eq!(weights.starts.len() * rows.depth, weights.panels.len(), "starts do not fit");
        // SAFETY: as in `dot`, with words of four activations and a start for each channel of the panels.
        unsafe { products::<i8, true>(rows, weights.panels, weights.starts, sums) }
    }
}

/// # Safety
/// `rows` are whole rows of words of four bytes, panels are whole, `starts` is empty or has one for each of their
/// channels, and there are as many sums as rows times channels.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn products<T, const BYTES: bool>(rows: Rows<T>, panels: &[T], starts: &[i32], sums: &mut [i32]) {
    let stride = panels.len() / rows.depth;
    for (index, panel) in panels.chunks_exact(rows.depth * PANEL).enumerate() {
        let starts = starts.get(index * PANEL..(index + 1) * PANEL);
        let blocks = rows.values.chunks(ROWS * rows.depth).zip(sums.chunks_mut(ROWS * stride));
        for (block, sums) in blocks {
            let sums = &mut sums[index * PANEL..];
            // SAFETY: the caller's promise, row by row.
            unsafe {
                match block.len() / rows.depth {
                    6 => dot_tile::<T, BYTES, 6>(block, panel, starts, sums, stride),
                    5 => dot_tile::<T, BYTES, 5>(block, panel, starts, sums, stride),
                    4 => dot_tile::<T, BYTES, 4>(block, panel, starts, sums, stride),
                    3 => dot_tile::<T, BYTES, 3>(block, panel, starts, sums, stride),
                    2 => dot_tile::<T, BYTES, 2>(block, panel, starts, sums, stride),
                    _ => dot_tile::<T, BYTES, 1>(block, panel, starts, sums, stride),
                }
            }
        }
    }
}

/// # Safety
/// As [`products`], for one panel, exactly `ROWS` rows and sums that reach `PANEL` beyond the start of the last of them.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn dot_tile<T, const BYTES: bool, const ROWS: usize>(
    rows: &[T],
    panel: &[T],
    starts: Option<&[i32]>,
    sums: &mut [i32],
    stride: usize,
) {
    let words = size_of_val(panel) / PANEL / size_of::<i32>();
    let mut totals = [[_mm256_setzero_si256(); 2]; ROWS];
    if let Some(starts) = starts {
        // SAFETY: a panel's starts fill two vectors.
        let starts = unsafe { load_two(starts.as_ptr().cast()) };
        totals = [starts; ROWS];
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
    // SAFETY: the caller's promise about `sums`.
    unsafe { super::avx2::store(&totals, sums, stride) }
}

/// # Safety
/// Two vectors can be read there.
#[target_feature(enable = "avx2")]
unsafe fn load_two(vectors: *const __m256i) -> [__m256i; 2] {
    // SAFETY: the caller's promise.
    unsafe { [_mm256_loadu_si256(vectors), _mm256_loadu_si256(vectors.add(1))] }
}
