//! AVX-512 with VNNI: one vector holds the sums of a panel, one instruction adds four products of bytes to each of them.

use super::tile::{self, Tile};
use super::{BytePanels, Bytes, KernelSet, PANEL, Rows};
use std::arch::x86_64::*;

/// Proof that this CPU has the instructions: no other way leads to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl KernelSet for Avx512 {
    fn detect() -> Option<Self> {
        let has_all = std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512bw")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512vl")
            && std::is_x86_feature_detected!("avx512vnni");
        has_all.then_some(Self(()))
    }

    fn dot(self, rows: Rows<i16>, panels: &[i16], _: usize, sums: &mut [i32]) {
        let operands = Operands::new(rows, panels, &[], sums);
        // SAFETY: `self` exists, so the CPU has the instructions; the caller's check makes rows, panels and sums fit
        // each other, and the depth even, so that words of two activations fill a row.
        unsafe { products::<false>(operands) }
    }

    fn bytes(self) -> Option<Bytes> {
        Some(Bytes::Offset)
    }

    fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, _: usize, sums: &mut [i32]) {
        assert_eq!(weights.starts.len() * rows.depth, weights.panels.len(), "starts do not fit");
        let operands = Operands::new(rows, weights.panels, weights.starts, sums);
        // SAFETY: as in `dot`, with words of four activations and a start for each channel of the panels.
        unsafe { products::<true>(operands) }
    }

    fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        let operands = tile::Operands::of_codes(rows, terms, panels, sums);
        // SAFETY: `self` exists, so the CPU has the instructions; each of the depth's activations meets `terms` pairs of
        // shifts and signs.
        for_each_tile!(operands, [12, 4; 1], |tile, HEIGHT| unsafe { shift_tile::<HEIGHT>(terms, tile) });
    }

    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        // SAFETY: `self` exists, so the CPU has the instructions.
        unsafe { with_avx512(work) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Rows of activations in words of four bytes, panels of as many vectors, and where the sums go.
#[derive(Clone, Copy)]
struct Operands<'a> {
    rows: *const i32,
    panels: *const __m512i,
    /// One for each channel, or none for zeros.
    starts: &'a [i32],
    sums: *mut i32,
    height: usize,
    panel_count: usize,
    /// Words of a row.
    words: usize,
}

impl<'a> Operands<'a> {
    fn new<T>(rows: Rows<T>, panels: &[T], starts: &'a [i32], sums: &mut [i32]) -> Self {
        Self {
            rows: rows.values.as_ptr().cast(),
            panels: panels.as_ptr().cast(),
            starts,
            sums: sums.as_mut_ptr(),
            height: rows.values.len() / rows.depth,
            panel_count: panels.len() / rows.depth / PANEL,
            words: rows.depth * size_of::<T>() / size_of::<i32>(),
        }
    }
}

/// # Safety
/// What `operands` points to is as long as it says: `height * words` words, `panel_count * words` vectors, `height` times
/// `panel_count * PANEL` sums.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn products<const BYTES: bool>(operands: Operands) {
    // SAFETY: the caller's promise; each call begins where the one before it ended.
    unsafe {
        let done = blocks::<BYTES, 12, 2>(operands, 0);
        let done = blocks::<BYTES, 4, 2>(operands, done);
        blocks::<BYTES, 1, 4>(operands, done);
    }
}

/// As many whole blocks of `ROWS` rows, from row `first` on, as there are; returns the row behind them.
///
/// # Safety
/// As [`products`].
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn blocks<const BYTES: bool, const ROWS: usize, const PANELS: usize>(
    operands: Operands,
    first: usize,
) -> usize {
    let end = first + (operands.height - first) / ROWS * ROWS;
    let mut panel = 0;
    while panel < operands.panel_count {
        let wide = panel + PANELS <= operands.panel_count;
        for row in (first..end).step_by(ROWS) {
            // SAFETY: rows up to `row + ROWS` and panels up to `panel + PANELS`, or one panel, are there.
            unsafe {
                match wide {
                    true => dot_tile::<BYTES, ROWS, PANELS>(operands, row, panel),
                    false => dot_tile::<BYTES, ROWS, 1>(operands, row, panel),
                }
            }
        }
        panel += if wide { PANELS } else { 1 };
    }
    end
}

/// # Safety
/// As [`products`], and rows `row..row + ROWS` and panels `panel..panel + PANELS` are there.
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn dot_tile<const BYTES: bool, const ROWS: usize, const PANELS: usize>(
    operands: Operands,
    row: usize,
    panel: usize,
) {
    let Operands { starts, words, panel_count, .. } = operands;
    let mut totals = [[_mm512_setzero_si512(); PANELS]; ROWS];
    if !starts.is_empty() {
        let starts: [__m512i; PANELS] = std::array::from_fn(|index| {
            let starts = &starts[(panel + index) * PANEL..][..PANEL];
            // SAFETY: a panel's starts fill a vector.
            unsafe { _mm512_loadu_si512(starts.as_ptr().cast()) }
        });
        totals = [starts; ROWS];
    }
    // SAFETY: the caller's promise: each of the panels has a vector, and each of the rows a word, at every `k`.
    unsafe {
        let rows = operands.rows.add(row * words);
        let panels = operands.panels.add(panel * words);
        for k in 0..words {
            let weights: [__m512i; PANELS] =
                std::array::from_fn(|index| _mm512_loadu_si512(panels.add(index * words + k)));
            for (row, totals) in totals.iter_mut().enumerate() {
                let activations = _mm512_set1_epi32(rows.add(row * words + k).read_unaligned());
                for (total, weights) in totals.iter_mut().zip(weights) {
                    *total = match BYTES {
                        true => _mm512_dpbusd_epi32(*total, activations, weights),
                        false => _mm512_dpwssd_epi32(*total, activations, weights),
                    };
                }
            }
        }
        let stride = panel_count * PANEL;
        let sums = operands.sums.add(row * stride + panel * PANEL);
        for (row, totals) in totals.iter().enumerate() {
            for (index, &total) in totals.iter().enumerate() {
                _mm512_storeu_si512(sums.add(row * stride + index * PANEL).cast(), total);
            }
        }
    }
}

/// # Safety
/// `tile` has `HEIGHT` rows and a panel of `terms` codes for each of their activations.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn shift_tile<const HEIGHT: usize>(terms: usize, tile: Tile<i32, i8, i32>) {
    let Tile { rows, depth, panel, sums, stride, .. } = tile;
    let mut totals = [_mm512_setzero_si512(); HEIGHT];
    for step in 0..depth * terms {
        // SAFETY: the panel holds PANEL shifts and PANEL signs for each step, and every row one activation for every
        // `terms` steps.
        unsafe {
            let codes = panel.as_ptr().add(step * 2 * PANEL);
            let shifts = _mm512_cvtepi8_epi32(_mm_loadu_si128(codes.cast()));
            let signs = _mm_loadu_si128(codes.add(PANEL).cast());
            let negative = _mm_movepi8_mask(signs);
            let positive = _mm_cmpgt_epi8_mask(signs, _mm_setzero_si128());
            let k = if terms == 1 { step } else { step / terms };
            for (row, total) in totals.iter_mut().enumerate() {
                let q = _mm512_set1_epi32(*rows.as_ptr().add(row * depth + k));
                let shifted = _mm512_sllv_epi32(q, shifts);
                *total = _mm512_mask_add_epi32(*total, positive, *total, shifted);
                *total = _mm512_mask_sub_epi32(*total, negative, *total, shifted);
            }
        }
    }
    assert!(sums.len() >= (HEIGHT - 1) * stride + PANEL);
    for (row, &total) in totals.iter().enumerate() {
        // SAFETY: a tile's sums reach that far.
        unsafe { _mm512_storeu_si512(sums.as_mut_ptr().add(row * stride).cast(), total) }
    }
}
