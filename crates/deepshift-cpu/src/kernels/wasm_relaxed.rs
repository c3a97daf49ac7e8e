//! Relaxed SIMD of wasm: dot products of bytes, and multiply-add in one instruction.
//!
//! The dot products leave to each machine how it reads the highest bit of their second operand, and whether sums of two
//! products saturate in i16. Activations are 0..=127, so that bit is never set, and two products are within
//! ±2 * 127 * 128 = ±32,512, so nothing saturates: the same sums everywhere.

use super::tile::{Operands, Tile};
use super::wasm::{self, LANES, load, store};
use super::{BytePanels, Bytes, KernelSet, PANEL, Rows};
use std::arch::wasm32::*;
use std::hint::black_box;

/// The whole build is compiled for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WasmRelaxedSimd;

impl KernelSet for WasmRelaxedSimd {
    fn detect() -> Option<Self> {
        Some(Self)
    }

    fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        wasm::dot(rows, panels, channels, sums);
    }

    fn bytes(self) -> Option<Bytes> {
        Some(Bytes::SevenBits { chains: needs_chains() })
    }

    fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, channels: usize, sums: &mut [i32]) {
        let BytePanels { panels, chains, .. } = weights;
        let operands = Operands::new(rows, panels, channels, sums);
        if chains.is_empty() {
            return operands.for_each_tile(&[4, 1], |tile| match tile.height {
                4 => dot_tile::<4, 2>(tile),
                _ => dot_tile::<1, 4>(tile),
            });
        }
        operands.for_each_tile(&[4, 1], |tile| match tile.height {
            4 => chained_tile::<4, 2>(&chains[tile.index], tile),
            _ => chained_tile::<1, 4>(&chains[tile.index], tile),
        });
    }

    fn products(self, rows: Rows<f32>, panels: &[f32], sums: &mut [f32]) {
        wasm::products(rows, panels, sums, |sum, weights, x| f32x4_relaxed_madd(weights, x, sum));
    }
}

/// Whether this machine adds up pairs of products in i16 and widens them in further instructions, so that only whole
/// chains of them are worth it: x86 without VNNI. It is told by how its dot product saturates
/// where the operand's highest bit is set.
///
/// The dot product that accumulates is left alone on such machines also because V8 11.3 (Node 20, behind a flag) adds its
/// result to itself there.
fn needs_chains() -> bool {
    let [weights, four] = black_box([i8x16_splat(127), i8x16_splat(-1)]);
    let sums = i32x4_relaxed_dot_i8x16_i7x16_add(weights, four, i32x4_splat(0));
    i32x4_extract_lane::<0>(sums) % (2 * i32::from(i16::MAX)) == 0
}

fn dot_tile<const HEIGHT: usize, const VECTORS: usize>(tile: Tile<i8, i8, i32>) {
    let depth = tile.depth;
    for part in (0..tile.channels).step_by(VECTORS * LANES) {
        let mut totals = [[i32x4_splat(0); VECTORS]; HEIGHT];
        for k in (0..depth).step_by(4) {
            // SAFETY: four divides the depth: the panel holds PANEL times four weights at `k`, and each of HEIGHT rows
            // four activations.
            unsafe {
                let weights = load::<VECTORS, _>(tile.panel, k * PANEL + 4 * part);
                for (row, totals) in totals.iter_mut().enumerate() {
                    let four = v128_load32_splat(tile.rows.as_ptr().add(row * depth + k).cast());
                    for (total, weights) in totals.iter_mut().zip(weights) {
                        *total = i32x4_relaxed_dot_i8x16_i7x16_add(weights, four, *total);
                    }
                }
            }
        }
        // SAFETY: the sums reach PANEL beyond the start of each of HEIGHT rows.
        unsafe { store(&totals, &mut tile.sums[part..], tile.stride) }
    }
}

/// The same with sums in i16 as far as the packer has proved that they fit: up to each of `ends`.
fn chained_tile<const HEIGHT: usize, const VECTORS: usize>(ends: &[u32], tile: Tile<i8, i8, i32>) {
    let depth = tile.depth;
    for part in (0..tile.channels).step_by(VECTORS * LANES) {
        let mut totals = [[i32x4_splat(0); VECTORS]; HEIGHT];
        let mut k = 0;
        for &end in ends {
            let mut chain = [[i16x8_splat(0); VECTORS]; HEIGHT];
            while k < depth.min(end as usize) {
                // SAFETY: as in `dot_tile`.
                unsafe {
                    let weights = load::<VECTORS, _>(tile.panel, k * PANEL + 4 * part);
                    for (row, chain) in chain.iter_mut().enumerate() {
                        let four = v128_load32_splat(tile.rows.as_ptr().add(row * depth + k).cast());
                        for (sums, weights) in chain.iter_mut().zip(weights) {
                            *sums = i16x8_add(*sums, i16x8_relaxed_dot_i8x16_i7x16(weights, four));
                        }
                    }
                }
                k += 4;
            }
            for (total, sums) in totals.as_flattened_mut().iter_mut().zip(chain.as_flattened()) {
                *total = i32x4_add(*total, i32x4_extadd_pairwise_i16x8(*sums));
            }
        }
        // SAFETY: as in `dot_tile`.
        unsafe { store(&totals, &mut tile.sums[part..], tile.stride) }
    }
}
