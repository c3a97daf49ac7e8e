//! SIMD128 of wasm.

use super::{KernelSet, Rows, wasm};
use std::arch::wasm32::{f32x4_add, f32x4_mul};

/// The whole build is compiled for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WasmSimd128;

impl KernelSet for WasmSimd128 {
    fn detect() -> Option<Self> {
        Some(Self)
    }

    fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        wasm::dot(rows, panels, channels, sums);
    }

    fn products(self, rows: Rows<f32>, panels: &[f32], sums: &mut [f32]) {
        wasm::products(rows, panels, sums, |sum, weights, x| f32x4_add(sum, f32x4_mul(weights, x)));
    }
}
