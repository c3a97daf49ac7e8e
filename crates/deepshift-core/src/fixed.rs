//! Fixed-point formats of activations and biases.

use crate::round::exp2;
use crate::{Error, Result};
use serde::Serialize;

/// Values `q * 2^-fraction_bits` with an integer `lowest <= q <= highest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FixedPoint {
    /// F; negative for steps larger than one.
    pub fraction_bits: i32,
    /// Lowest integer `q`.
    pub lowest: i32,
    /// Highest integer `q`.
    pub highest: i32,
}

/// Formats have at most this many fraction bits, and at least minus this many.
pub const MAX_FRACTION_BITS: i32 = 64;

/// Outputs of an integer network stay below `2^24`, so that f32 holds them exactly.
pub const MAX_OUTPUT: i32 = (1 << 24) - 1;

impl FixedPoint {
    /// The original's (I, F): `q` from `-2^(I-1+F)` to `(2^(I-1) - 1) * 2^F`; `2 <= I`, `I + F <= 32`.
    pub fn from_activation_bits(integer_bits: u32, fraction_bits: u32) -> Result<Self> {
        if integer_bits < 2 || integer_bits.saturating_add(fraction_bits) > 32 {
            return Err(Error::argument(format!(
                "activation bits ({integer_bits}, {fraction_bits}): a network needs at least 2 integer bits and at most 32 in all"
            )));
        }
        let top = 1i64 << (integer_bits - 1);
        Ok(Self {
            fraction_bits: fraction_bits as i32,
            lowest: (-(top << fraction_bits)) as i32,
            highest: ((top - 1) << fraction_bits) as i32,
        })
    }

    /// The (I, F) that [`from_activation_bits`](Self::from_activation_bits) makes this format of.
    pub fn activation_bits(self) -> Option<(u32, u32)> {
        let fraction_bits = u32::try_from(self.fraction_bits).ok().filter(|&bits| bits < 32)?;
        let top = -i64::from(self.lowest) >> fraction_bits;
        let integer_bits = u64::try_from(top).ok()?.checked_ilog2()? + 1;
        (Self::from_activation_bits(integer_bits, fraction_bits) == Ok(self))
            .then_some((integer_bits, fraction_bits))
    }

    /// The signed 8-bit format of activations in integer mode, `-128..=127`.
    pub fn signed_8(fraction_bits: i32) -> Self {
        Self { fraction_bits, lowest: -128, highest: 127 }
    }

    /// The format of a network's outputs.
    pub fn output(fraction_bits: i32) -> Self {
        Self { fraction_bits, lowest: -MAX_OUTPUT, highest: MAX_OUTPUT }
    }

    /// Whether every `q` fits into an i8.
    pub fn fits_i8(self) -> bool {
        self.lowest >= -128 && self.highest <= 127
    }

    /// Largest `|q|`.
    pub fn max_magnitude(self) -> i64 {
        i64::from(self.lowest).abs().max(i64::from(self.highest).abs())
    }

    /// `clamp(floor(x * 2^F)) * 2^-F`: the rounding of inputs and biases in float mode. NaN stays NaN.
    // Kernels round whole tensors with it, compiled for other instruction sets.
    #[inline(always)]
    pub fn floor(self, x: f32) -> f32 {
        let q = (x * exp2(self.fraction_bits)).floor();
        let (lowest, highest) = (self.lowest as f32, self.highest as f32);
        // `clamp` would bring the formatting of floats along for its panic: 19 KB of what a page loads. Comparisons without
        // NaN would become minima of relaxed SIMD, which may lose it.
        let low = if q > lowest || q.is_nan() { q } else { lowest };
        let clamped = if low < highest || low.is_nan() { low } else { highest };
        clamped * exp2(-self.fraction_bits)
    }

    /// `clamp(round_ties_even(x * 2^F))`, how f32 inputs enter integer mode. NaN gives 0.
    // A page has this crate compiled for size, where a call for each input costs MNIST's network a twentieth of its time.
    #[inline(always)]
    pub fn quantize(self, x: f32) -> i32 {
        let q = (x * exp2(self.fraction_bits)).round_ties_even();
        // `as` saturates and turns NaN into 0.
        (q as i32).clamp(self.lowest, self.highest)
    }

    /// `q * 2^-F`.
    pub fn value(self, q: i32) -> f32 {
        q as f32 * exp2(-self.fraction_bits)
    }

    pub(crate) fn check(self, name: &str) -> Result<()> {
        if self.lowest > self.highest
            || !(-MAX_FRACTION_BITS..=MAX_FRACTION_BITS).contains(&self.fraction_bits)
        {
            return Err(Error::argument(format!("{name}: impossible fixed-point format {self:?}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::round::round_to_fixed;

    #[test]
    fn equals_the_original_rounding() {
        for (integer, fraction) in [(16, 16), (3, 5), (8, 8), (2, 6), (3, 13)] {
            let format = FixedPoint::from_activation_bits(integer, fraction).unwrap();
            assert_eq!(format.activation_bits(), Some((integer, fraction)));
            for i in -4000..4000 {
                let x = i as f32 * 0.0137;
                assert_eq!(
                    format.floor(x),
                    round_to_fixed(x, integer, fraction),
                    "({integer}, {fraction}) {x}"
                );
            }
        }
        assert!(FixedPoint::from_activation_bits(1, 5).is_err());
        assert!(FixedPoint::from_activation_bits(17, 16).is_err());
    }

    #[test]
    fn quantize_ties_to_even_and_saturates() {
        let format = FixedPoint::signed_8(1);
        let got = [0.25, 0.75, -0.25, 1e9, -1e9, f32::NAN, f32::INFINITY].map(|x| format.quantize(x));
        assert_eq!(got, [0, 2, 0, 127, -128, 0, 127]);
    }
}
