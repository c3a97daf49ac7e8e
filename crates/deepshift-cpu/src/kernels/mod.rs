//! The instruction sets. Each has a file with a type that is a [`KernelSet`], and a line in the list below; both together are
//! a further set (`docs/adding-a-kernel.md`).
//!
//! A build for wasm has one set only, so that a page loads no kernels that never run.

#[macro_use]
mod sets;
#[macro_use]
mod tile;
mod portable;
#[allow(unsafe_code)]
#[cfg(target_feature = "simd128")]
mod wasm;
#[allow(unsafe_code)]
#[cfg(target_feature = "simd128")]
mod wasm_rescale;

#[cfg(target_feature = "simd128")]
pub(crate) use wasm_rescale::{VectorShift, rescale};

#[cfg(not(target_family = "wasm"))]
pub(crate) use scalar::Scalar;

// `cargo fmt` does not see these modules; `scripts/test` formats them by name.
kernel_sets! { ($)
    /// Plain Rust, on every machine.
    Scalar "scalar" in scalar if not(target_feature = "simd128");
    /// 256-bit vectors of x86-64.
    Avx2 "avx2" in avx2 if target_arch = "x86_64";
    /// The same with the dot products of VNNI.
    AvxVnni "avx-vnni" in avx_vnni if target_arch = "x86_64";
    /// 512-bit vectors of x86-64, with the dot products of VNNI.
    Avx512 "avx512" in avx512 if target_arch = "x86_64";
    /// 128-bit vectors of 64-bit ARM.
    Neon "neon" in neon if target_arch = "aarch64";
    /// The same with dot products of bytes.
    NeonDotprod "neon-dotprod" in neon_dotprod if target_arch = "aarch64";
    /// 128-bit vectors of wasm, in a build with `-C target-feature=+simd128`.
    WasmSimd128 "wasm-simd128" in wasm_simd128 if all(target_feature = "simd128", not(target_feature = "relaxed-simd"));
    /// Wasm's dot products of bytes, in a build with `+relaxed-simd` too.
    WasmRelaxedSimd "wasm-relaxed-simd" in wasm_relaxed if target_feature = "relaxed-simd";
}

/// Output channels that the kernels compute together: the width of a panel of packed weights.
pub(crate) const PANEL: usize = 16;

/// The kernels of an instruction set. A value is the proof that this CPU has its instructions: `detect` is the only way to
/// one. The methods of [`Kernels`] of the same names say what each computes, and have checked all lengths.
trait KernelSet: Copy {
    /// `None` where this CPU lacks the instructions.
    fn detect() -> Option<Self>;

    fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        portable::dot(rows, panels, channels, sums);
    }

    /// What `dot_bytes` wants; `None` where it is not faster than `dot`.
    fn bytes(self) -> Option<Bytes> {
        None
    }

    fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, channels: usize, sums: &mut [i32]) {
        portable::dot_bytes(rows, weights.panels, channels, sums);
    }

    fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        portable::shift(rows, terms, panels, sums);
    }

    #[cfg(target_family = "wasm")]
    fn products(self, rows: Rows<f32>, panels: &[f32], sums: &mut [f32]) {
        portable::products(rows, panels, sums);
    }

    /// Runs a loop compiled for the set's instructions; where the whole build is compiled for them, a call does.
    #[inline(always)]
    fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
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
    /// `sums[row][channel] = sum over k of rows[row][k] * W[channel][k]`, wrapping, for weights packed by
    /// [`DotWeights`](crate::pack::DotWeights). `depth` is even; `sums` is `[rows, panels * PANEL]`, of which only the first
    /// `channels` of each row are needed.
    pub fn dot(self, rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
        rows.check(panels.len(), PANEL * rows.depth, sums.len());
        rows.check_channels(channels, panels.len());
        assert!(rows.depth.is_multiple_of(2), "weights are packed in pairs");
        with_set!(self, set => set.dot(rows, panels, channels, sums));
    }

    /// What [`dot_bytes`](Self::dot_bytes) wants; `None` where it is not faster than [`dot`](Self::dot).
    pub fn bytes(self) -> Option<Bytes> {
        with_set!(self, set => set.bytes())
    }

    /// As [`dot`](Self::dot) with weights of one byte, and activations as [`bytes`](Self::bytes) says. Four divides
    /// `depth`.
    pub fn dot_bytes(self, rows: Rows<i8>, weights: BytePanels, channels: usize, sums: &mut [i32]) {
        let BytePanels { panels, chains, .. } = weights;
        rows.check(panels.len(), PANEL * rows.depth, sums.len());
        rows.check_channels(channels, panels.len());
        assert!(rows.depth.is_multiple_of(4), "weights are packed in fours");
        assert!(chains.is_empty() || chains.len() == panels.len() / rows.depth / PANEL, "chains do not fit");
        with_set!(self, set => set.dot_bytes(rows, weights, channels, sums));
    }

    /// The same sums by shifting and adding, for `terms` codes a weight packed by
    /// [`ShiftCodes`](crate::pack::ShiftCodes).
    pub fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        rows.check(panels.len(), 2 * PANEL * terms * rows.depth, sums.len());
        with_set!(self, set => set.shift(rows, terms, panels, sums));
    }

    /// `sums[row][channel] = sum over k of rows[row][k] * W[channel][k]` in f32, for weights
    /// `[panel][depth][channel of the panel]`; `sums` is `[rows, panels * PANEL]`.
    #[cfg(target_family = "wasm")]
    pub fn products(self, rows: Rows<f32>, panels: &[f32], sums: &mut [f32]) {
        rows.check(panels.len(), PANEL * rows.depth, sums.len());
        with_set!(self, set => set.products(rows, panels, sums));
    }

    /// Runs a loop compiled for this instruction set. The closure and the functions that it calls must be
    /// `#[inline(always)]`: what stays a call runs with the instructions that every CPU has.
    #[inline(always)]
    pub fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        with_set!(self, set => set.vectorize(work))
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
        portable::dot_bytes(Rows { values: rows, depth }, &packed.weights.panels, channels, &mut expected);
        let mut given = rows.to_vec();
        packed.prepare(&mut given);
        let mut sums = vec![-1; expected.len()];
        kernels.dot_bytes(Rows { values: &given, depth }, packed.panels(0..channels), channels, &mut sums);
        assert_eq!(needed(&sums), needed(&expected), "{what}, {} chains", packed.chains.len());
    }
}
