//! The instruction sets: one file each, and this dispatcher. A file has a type that exists only where the CPU has the
//! instructions, with the two kernels written by hand (`dot` and `shift`) and `vectorize`, which compiles any other
//! loop for its instructions. A further set is a further file, a variant of [`Kernels`] and a name in [`Isa`].
//!
//! A build for wasm has one set only, so that a page loads no kernels that never run.

// Intrinsics and functions with target features need it.
#[allow(unsafe_code)]
#[cfg(target_arch = "x86_64")]
mod avx2;
mod scalar;
#[allow(unsafe_code)]
#[cfg(target_feature = "relaxed-simd")]
mod wasm_relaxed;
#[allow(unsafe_code)]
#[cfg(target_feature = "simd128")]
mod wasm_rescale;
#[allow(unsafe_code)]
#[cfg(target_feature = "simd128")]
mod wasm_simd128;

#[cfg(target_feature = "simd128")]
pub(crate) use wasm_rescale::{VectorShift, rescale};

use crate::Isa;
#[cfg(target_arch = "x86_64")]
use avx2::Avx2;

/// Output channels that the kernels compute together: the width of a panel of packed weights.
pub(crate) const PANEL: usize = 16;

/// The kernels of one instruction set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kernels {
    #[cfg(not(target_feature = "simd128"))]
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(all(target_feature = "simd128", not(target_feature = "relaxed-simd")))]
    WasmSimd128,
    #[cfg(target_feature = "relaxed-simd")]
    WasmRelaxedSimd,
}

/// Rows of activations (`[rows, depth]`) that meet packed weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a, T> {
    pub values: &'a [T],
    pub depth: usize,
}

impl Kernels {
    /// `None` where this CPU lacks the instructions.
    pub fn new(isa: Isa) -> Option<Self> {
        match isa {
            #[cfg(not(target_feature = "simd128"))]
            Isa::Scalar => Some(Self::Scalar),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2::new().map(Self::Avx2),
            #[cfg(all(target_feature = "simd128", not(target_feature = "relaxed-simd")))]
            Isa::WasmSimd128 => Some(Self::WasmSimd128),
            #[cfg(target_feature = "relaxed-simd")]
            Isa::WasmRelaxedSimd => Some(Self::WasmRelaxedSimd),
            #[allow(unreachable_patterns)]
            _ => None,
        }
    }

    pub fn isa(self) -> Isa {
        match self {
            #[cfg(not(target_feature = "simd128"))]
            Self::Scalar => Isa::Scalar,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Isa::Avx2,
            #[cfg(all(target_feature = "simd128", not(target_feature = "relaxed-simd")))]
            Self::WasmSimd128 => Isa::WasmSimd128,
            #[cfg(target_feature = "relaxed-simd")]
            Self::WasmRelaxedSimd => Isa::WasmRelaxedSimd,
        }
    }

    /// `sums[row][channel] = sum over k of rows[row][k] * W[channel][k]`, wrapping, for weights packed by
    /// [`DotWeights`](crate::pack::DotWeights). `depth` is even; `sums` is `[rows, panels * PANEL]`, of which only the first
    /// `channels` of each row are needed.
    pub fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        rows.check(panels.len(), PANEL * rows.depth, sums.len());
        rows.check_channels(channels, panels.len());
        assert!(rows.depth.is_multiple_of(2), "weights are packed in pairs");
        match self {
            #[cfg(not(target_feature = "simd128"))]
            Self::Scalar => scalar::dot(rows, panels, channels, sums),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.dot(rows, panels, channels, sums),
            #[cfg(target_feature = "simd128")]
            _ => wasm_simd128::dot(rows, panels, channels, sums),
        }
    }

    /// Whether [`dot_bytes`](Self::dot_bytes) is faster than [`dot`](Self::dot).
    pub fn prefers_bytes(self) -> bool {
        self.isa() == Isa::WasmRelaxedSimd
    }

    /// Whether `dot_bytes` must have chains to be faster than `dot`.
    pub fn needs_chains(self) -> bool {
        match self {
            #[cfg(target_feature = "relaxed-simd")]
            Self::WasmRelaxedSimd => wasm_relaxed::needs_chains(),
            #[cfg(not(target_feature = "relaxed-simd"))]
            _ => false,
        }
    }

    /// As [`dot`](Self::dot) with weights of one byte, for activations that are never negative. Four divides `depth`.
    /// `chains` is empty or has what [`chains`](crate::pack::chains) gave for each panel.
    pub fn dot_bytes(
        self,
        rows: Rows<i8>,
        panels: &[i8],
        chains: &[Vec<u32>],
        channels: usize,
        sums: &mut [i32],
    ) {
        rows.check(panels.len(), PANEL * rows.depth, sums.len());
        rows.check_channels(channels, panels.len());
        assert!(rows.depth.is_multiple_of(4), "weights are packed in fours");
        assert!(chains.is_empty() || chains.len() == panels.len() / rows.depth / PANEL, "chains do not fit");
        debug_assert!(rows.values.iter().all(|&q| q >= 0), "activations have a sign");
        match self {
            #[cfg(target_feature = "relaxed-simd")]
            Self::WasmRelaxedSimd => wasm_relaxed::dot_bytes(rows, panels, chains, channels, sums),
            #[cfg(not(target_feature = "relaxed-simd"))]
            _ => scalar::dot_bytes(rows, panels, channels, sums),
        }
    }

    /// The same sums by shifting and adding, for `terms` codes a weight packed by
    /// [`ShiftCodes`](crate::pack::ShiftCodes).
    pub fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        rows.check(panels.len(), 2 * PANEL * terms * rows.depth, sums.len());
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.shift(rows, terms, panels, sums),
            _ => scalar::shift(rows, terms, panels, sums),
        }
    }

    /// `sums[row][channel] = sum over k of rows[row][k] * W[channel][k]` in f32, for weights
    /// `[panel][depth][channel of the panel]`; `sums` is `[rows, panels * PANEL]`.
    #[cfg(target_family = "wasm")]
    pub fn products(self, rows: Rows<f32>, panels: &[f32], sums: &mut [f32]) {
        rows.check(panels.len(), PANEL * rows.depth, sums.len());
        match self {
            #[cfg(not(target_feature = "simd128"))]
            Self::Scalar => scalar::products(rows, panels, sums),
            #[cfg(all(target_feature = "simd128", not(target_feature = "relaxed-simd")))]
            Self::WasmSimd128 => wasm_simd128::products(rows, panels, sums, wasm_simd128::multiply_add),
            #[cfg(target_feature = "relaxed-simd")]
            Self::WasmRelaxedSimd => wasm_relaxed::products(rows, panels, sums),
        }
    }

    /// Runs a loop compiled for this instruction set; functions that it calls must be `#[inline(always)]`.
    #[inline(always)]
    pub fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        if let Self::Avx2(avx2) = self {
            return avx2.vectorize(work);
        }
        // The whole module is compiled for what wasm has.
        work()
    }
}

impl<T> Rows<'_, T> {
    /// The kernels use pointers: no length may be wrong.
    fn check(&self, packed: usize, panel: usize, sums: usize) {
        assert!(self.depth > 0 && self.values.len().is_multiple_of(self.depth), "rows are not whole");
        assert!(packed.is_multiple_of(panel), "panels are not whole");
        assert_eq!(sums, self.values.len() / self.depth * (packed / panel) * PANEL, "sums do not fit");
    }

    fn check_channels(&self, channels: usize, packed: usize) {
        assert_eq!(
            channels.next_multiple_of(PANEL) * self.depth,
            packed,
            "channels are not those of the panels"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{DotWeights, chains};
    #[cfg(target_family = "wasm")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Weights and activations of bytes with every extreme in them.
    #[test]
    fn products_of_bytes_are_exact() {
        for (channels, fan_in, height, largest) in [
            (1, 1, 1, 127),
            (16, 8, 2, 128),
            (17, 36, 5, 64),
            (40, 100, 9, 8),
            (33, 576, 4, 3),
            (16, 90, 3, 128),
        ] {
            let weights: Vec<i32> = (0..channels * fan_in)
                .map(|i| if i % 5 == 0 { -largest } else { i as i32 * 7919 % (2 * largest) - largest })
                .collect();
            let packed = DotWeights::<i8>::new(&weights, fan_in);
            let rows: Vec<i8> = (0..height * packed.depth)
                .map(|i| if i % 3 == 0 { 127 } else { (i * 31 % 128) as i8 })
                .collect();
            let rows = Rows { values: &rows, depth: packed.depth };
            let mut expected = vec![0; height * packed.panels.len() / packed.depth];
            scalar::dot_bytes(rows, &packed.panels, channels, &mut expected);
            for kernels in Isa::available().filter_map(Kernels::new) {
                let chains = match kernels.needs_chains() {
                    true => chains(&packed).into_iter().collect(),
                    false => vec![Vec::new()],
                };
                for chains in chains {
                    let mut sums = vec![-1; expected.len()];
                    kernels.dot_bytes(rows, &packed.panels, &chains, channels, &mut sums);
                    let needed = |sums: &[i32]| -> Vec<i32> {
                        sums.chunks(sums.len() / height).flat_map(|sums| &sums[..channels]).copied().collect()
                    };
                    assert_eq!(
                        needed(&sums),
                        needed(&expected),
                        "{} {channels}x{fan_in} {} chains",
                        kernels.isa(),
                        chains.len()
                    );
                }
            }
        }
    }
}
