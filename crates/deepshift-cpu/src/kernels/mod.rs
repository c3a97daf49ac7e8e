//! The instruction sets and this dispatcher. A set has a type that exists only where the CPU has the instructions, with the
//! kernels that are written by hand for it (`dot`, `dot_bytes`, `shift`; what it lacks it has from the set that it holds)
//! and `vectorize`, which compiles any other loop for its instructions. A further set is a further type, a variant of
//! [`Kernels`] and a name in [`Isa`].
//!
//! A build for wasm has one set only, so that a page loads no kernels that never run.

// Intrinsics and functions with target features need it.
#[allow(unsafe_code)]
#[cfg(target_arch = "x86_64")]
mod avx2;
#[allow(unsafe_code)]
#[cfg(target_arch = "x86_64")]
mod avx512;
#[allow(unsafe_code)]
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
#[allow(unsafe_code)]
#[cfg(target_arch = "aarch64")]
mod neon;
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
use avx_vnni::AvxVnni;
#[cfg(target_arch = "x86_64")]
use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
use neon::{Neon, NeonDotprod};

/// Output channels that the kernels compute together: the width of a panel of packed weights.
pub(crate) const PANEL: usize = 16;

/// The kernels of one instruction set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kernels {
    #[cfg(not(target_feature = "simd128"))]
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    #[cfg(target_arch = "aarch64")]
    NeonDotprod(NeonDotprod),
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

/// What a kernel for weights of one byte wants.
#[allow(dead_code, reason = "a build has kernels for some of these only")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bytes {
    /// Activations that are never negative and, with `chains`, [`chains`](crate::pack::chains) that are worth it.
    SevenBits { chains: bool },
    /// Activations of any sign, as bytes from 0 on: 128 is added to each, and sums
    /// [start](crate::pack::starts) so that it does not count.
    Offset,
    /// Activations of any sign.
    Signed,
}

/// Weights of one byte: panels, and what [`Bytes`] asks for besides.
#[allow(dead_code, reason = "a build has kernels for some of these only")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct BytePanels<'a> {
    pub panels: &'a [i8],
    /// Of each panel, or none.
    pub chains: &'a [Vec<u32>],
    /// Of each channel, or none.
    pub starts: &'a [i32],
}

impl Kernels {
    /// `None` where this CPU lacks the instructions.
    pub fn new(isa: Isa) -> Option<Self> {
        match isa {
            #[cfg(not(target_feature = "simd128"))]
            Isa::Scalar => Some(Self::Scalar),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2::new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni => AvxVnni::new().map(Self::AvxVnni),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Avx512::new().map(Self::Avx512),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => Neon::new().map(Self::Neon),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDotprod => NeonDotprod::new().map(Self::NeonDotprod),
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
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(_) => Isa::AvxVnni,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => Isa::Avx512,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => Isa::Neon,
            #[cfg(target_arch = "aarch64")]
            Self::NeonDotprod(_) => Isa::NeonDotprod,
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
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(vnni) => vnni.dot(rows, panels, sums),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.dot(rows, panels, sums),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.dot(rows, panels, sums),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDotprod(dotprod) => dotprod.neon.dot(rows, panels, sums),
            #[cfg(target_feature = "simd128")]
            _ => wasm_simd128::dot(rows, panels, channels, sums),
        }
    }

    /// What [`dot_bytes`](Self::dot_bytes) wants; `None` where it is not faster than [`dot`](Self::dot).
    pub fn bytes(self) -> Option<Bytes> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Some(Bytes::SevenBits { chains: true }),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(_) | Self::Avx512(_) => Some(Bytes::Offset),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDotprod(_) => Some(Bytes::Signed),
            #[cfg(target_feature = "relaxed-simd")]
            Self::WasmRelaxedSimd => Some(Bytes::SevenBits { chains: wasm_relaxed::needs_chains() }),
            #[cfg(not(target_feature = "relaxed-simd"))]
            _ => None,
        }
    }

    /// As [`dot`](Self::dot) with weights of one byte, and activations as [`bytes`](Self::bytes) says. Four divides
    /// `depth`.
    pub fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, channels: usize, sums: &mut [i32]) {
        let BytePanels { panels, chains, .. } = weights;
        rows.check(panels.len(), PANEL * rows.depth, sums.len());
        rows.check_channels(channels, panels.len());
        assert!(rows.depth.is_multiple_of(4), "weights are packed in fours");
        assert!(chains.is_empty() || chains.len() == panels.len() / rows.depth / PANEL, "chains do not fit");
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.dot_bytes(rows, weights, sums),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(vnni) => vnni.dot_bytes(rows, weights, sums),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.dot_bytes(rows, weights, sums),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDotprod(dotprod) => dotprod.dot_bytes(rows, weights, sums),
            #[cfg(target_feature = "relaxed-simd")]
            Self::WasmRelaxedSimd => wasm_relaxed::dot_bytes(rows, weights, channels, sums),
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
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(vnni) => vnni.avx2.shift(rows, terms, panels, sums),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.shift(rows, terms, panels, sums),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) => neon.shift(rows, terms, panels, sums),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDotprod(dotprod) => dotprod.neon.shift(rows, terms, panels, sums),
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

    /// Runs a loop compiled for this instruction set. The closure and the functions that it calls must be
    /// `#[inline(always)]`: what stays a call runs with the instructions that every CPU has.
    #[inline(always)]
    pub fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        match self {
            Self::Avx2(avx2) => return avx2.vectorize(work),
            Self::AvxVnni(vnni) => return vnni.avx2.vectorize(work),
            Self::Avx512(avx512) => return avx512.vectorize(work),
            Self::Scalar => {}
        }
        // Elsewhere the whole module is compiled for what there is: wasm's vectors, or NEON, which every 64-bit ARM has.
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
    use crate::pack::{ByteWeights, DotWeights};
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
            (80, 20, 31, 128),
        ] {
            let weights: Vec<i32> = (0..channels * fan_in)
                .map(|i| if i % 5 == 0 { -largest } else { i as i32 * 7919 % (2 * largest) - largest })
                .collect();
            let weights = DotWeights::<i8>::new(&weights, fan_in);
            for kernels in Isa::available().filter_map(Kernels::new) {
                let bytes = kernels.bytes().unwrap_or(Bytes::SevenBits { chains: false });
                let Some(packed) = ByteWeights::new(weights.clone(), bytes) else { continue };
                let signed = !matches!(bytes, Bytes::SevenBits { .. });
                let rows = activations(height * weights.depth, signed);
                let what = format!("{} {channels}x{fan_in}", kernels.isa());
                check_bytes(kernels, &packed, &rows, channels, &what);
            }
        }
    }

    fn activations(count: usize, signed: bool) -> Vec<i8> {
        let any = |i: usize| (i * 31 % 128) as i8;
        match signed {
            false => (0..count).map(|i| if i % 3 == 0 { 127 } else { any(i) }).collect(),
            true => (0..count).map(|i| [127, -128, any(i), -any(i)][i % 7 % 4]).collect(),
        }
    }

    fn check_bytes(kernels: Kernels, packed: &ByteWeights, rows: &[i8], channels: usize, what: &str) {
        let depth = packed.weights.depth;
        let height = rows.len() / depth;
        let needed = |sums: &[i32]| -> Vec<i32> {
            sums.chunks(sums.len() / height).flat_map(|sums| &sums[..channels]).copied().collect()
        };
        let mut expected = vec![0; height * packed.weights.panels.len() / depth];
        scalar::dot_bytes(Rows { values: rows, depth }, &packed.weights.panels, channels, &mut expected);
        let mut given = rows.to_vec();
        packed.prepare(&mut given);
        let mut sums = vec![-1; expected.len()];
        kernels.dot_bytes(Rows { values: &given, depth }, packed.panels(0..channels), channels, &mut sums);
        assert_eq!(needed(&sums), needed(&expected), "{what}, {} chains", packed.chains.len());
    }
}
