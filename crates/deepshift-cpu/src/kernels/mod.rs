//! The instruction sets: one file each, and this dispatcher. A file has a type that exists only where the CPU has the
//! instructions, with the two kernels written by hand (`dot` and `shift`) and `vectorize`, which compiles any other
//! loop for its instructions. A further set is a further file, a variant of [`Kernels`] and a name in [`Isa`].

// Intrinsics and functions with target features need it.
#[allow(unsafe_code)]
#[cfg(target_arch = "x86_64")]
mod avx2;
mod scalar;

use crate::Isa;
#[cfg(target_arch = "x86_64")]
use avx2::Avx2;

/// Output channels that the kernels compute together: the width of a panel of packed weights.
pub(crate) const PANEL: usize = 16;

/// The kernels of one instruction set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kernels {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
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
            Isa::Scalar => Some(Self::Scalar),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Avx2::new().map(Self::Avx2),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 => None,
        }
    }

    pub fn isa(self) -> Isa {
        match self {
            Self::Scalar => Isa::Scalar,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Isa::Avx2,
        }
    }

    /// `sums[row][channel] = sum over k of rows[row][k] * W[channel][k]`, wrapping, for weights packed by
    /// [`DotWeights`](crate::pack::DotWeights). `depth` is even; `sums` is `[rows, panels * PANEL]`.
    pub fn dot(self, rows: Rows<i16>, panels: &[i16], sums: &mut [i32]) {
        rows.check(panels.len(), PANEL * rows.depth, sums.len());
        assert!(rows.depth.is_multiple_of(2), "weights are packed in pairs");
        match self {
            Self::Scalar => scalar::dot(rows, panels, sums),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.dot(rows, panels, sums),
        }
    }

    /// The same sums by shifting and adding, for `terms` codes a weight packed by
    /// [`ShiftCodes`](crate::pack::ShiftCodes).
    pub fn shift(self, rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
        rows.check(panels.len(), 2 * PANEL * terms * rows.depth, sums.len());
        match self {
            Self::Scalar => scalar::shift(rows, terms, panels, sums),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.shift(rows, terms, panels, sums),
        }
    }

    /// Runs a loop compiled for this instruction set; functions that it calls must be `#[inline(always)]`.
    #[inline(always)]
    pub fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        match self {
            Self::Scalar => work(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.vectorize(work),
        }
    }
}

impl<T> Rows<'_, T> {
    /// The kernels use pointers: no length may be wrong.
    fn check(&self, packed: usize, panel: usize, sums: usize) {
        assert!(self.depth > 0 && self.values.len().is_multiple_of(self.depth), "rows are not whole");
        assert!(packed.is_multiple_of(panel), "panels are not whole");
        assert_eq!(sums, self.values.len() / self.depth * (packed / panel) * PANEL, "sums do not fit");
    }
}
