//! Rounding of single numbers, free of calls and branches so that loops over it become vector instructions on every
//! target (the standard library's `floor` and `round_ties_even` are calls where SSE4.1 is not assumed).

use deepshift_core::round::round_log2;

/// From here on every f32 is an integer.
const INTEGERS: f32 = (1u32 << 23) as f32;

/// `x.round_ties_even()`; the sign of a zero may differ.
pub(super) fn round_ties_even(x: f32) -> f32 {
    let magic = INTEGERS.copysign(x);
    let rounded = (x + magic) - magic;
    if x.abs() < INTEGERS { rounded } else { x }
}

/// `x.floor()`; the sign of a zero may differ.
pub(super) fn floor(x: f32) -> f32 {
    let rounded = round_ties_even(x);
    rounded - if rounded > x { 1.0 } else { 0.0 }
}

/// `x.clamp(lowest, highest)` without its check of the bounds.
pub(super) fn clamp(x: f32, lowest: f32, highest: f32) -> f32 {
    let x = if x < lowest { lowest } else { x };
    if x > highest { highest } else { x }
}

/// `2^exponent` for an integral exponent in -126..=127; NaN gives some number.
pub(super) fn exp2(exponent: f32) -> f32 {
    // Adding 2^23 + 127 leaves the biased exponent in the lowest bits.
    f32::from_bits((exponent + (INTEGERS + 127.0)).to_bits() << 23)
}

/// [`round_log2`], without calling it where the mantissa is far from that of `sqrt 2`.
pub(super) fn exponent(magnitude: f32) -> i32 {
    const MANTISSA_OF_SQRT_2: i32 = 0x3504F3;
    // Ties lie within 2^-17 of sqrt 2, which is 64 steps of the mantissa.
    const UNDECIDED: u32 = 256;
    let bits = magnitude.to_bits() as i32;
    let biased = bits >> 23;
    let above = (bits & 0x7F_FFFF) - MANTISSA_OF_SQRT_2;
    if above.unsigned_abs() < UNDECIDED || biased <= 0 || biased >= 255 {
        return round_log2(magnitude);
    }
    biased - 127 + i32::from(above > 0)
}

/// The fixed point of the original, [`deepshift_core::round::round_to_fixed`], with its constants worked out.
#[derive(Clone, Copy)]
pub(super) struct FixedPoint {
    scale: f32,
    step: f32,
    lowest: f32,
    highest: f32,
}

impl FixedPoint {
    /// For two or more integer bits.
    pub fn new(integer_bits: u32, fraction_bits: u32) -> Self {
        let (integer, fraction) = (integer_bits as i32, fraction_bits as i32);
        let power = deepshift_core::round::exp2;
        let bound = power(integer - 1);
        Self { scale: power(fraction), step: power(-fraction), lowest: -bound, highest: bound - 1.0 }
    }

    pub fn round(self, x: f32) -> f32 {
        clamp(floor(x * self.scale) * self.step, self.lowest, self.highest)
    }
}

#[cfg(test)]
mod tests {
    use deepshift_core::round::round_to_fixed;

    use super::*;

    /// Every 997th f32, and all near small half integers.
    fn numbers() -> impl Iterator<Item = f32> {
        let everywhere = (0..=u32::MAX).step_by(997).map(f32::from_bits);
        let halves = (-2000..2000).map(|half| half as f32 / 2.0);
        everywhere.chain(halves.flat_map(|half| [half, half.next_up(), half.next_down()]))
    }

    #[test]
    fn equal_to_the_standard_library() {
        for x in numbers().filter(|x| !x.is_nan()) {
            assert_eq!(round_ties_even(x), x.round_ties_even(), "{x:e}");
            assert_eq!(floor(x), x.floor(), "{x:e}");
        }
        assert!(round_ties_even(f32::NAN).is_nan() && floor(f32::NAN).is_nan());
        for exponent in -126..=127 {
            assert_eq!(exp2(exponent as f32), 2f32.powi(exponent));
        }
    }

    #[test]
    fn equal_to_the_definition() {
        for x in numbers().filter(|&x| x > 0.0) {
            assert_eq!(exponent(x), round_log2(x), "{x:e}");
        }
        for bits in 0x3FB5_0000..0x3FB5_0A00 {
            for power in [-126, -77, -20, -3, 0, 5, 127] {
                let x = f32::from_bits(bits) * 2f32.powi(power);
                assert_eq!(exponent(x), round_log2(x), "{x:e}");
            }
        }
        for [integer, fraction] in [[16, 16], [3, 5], [8, 8], [2, 30], [64, 64]] {
            let fixed = FixedPoint::new(integer, fraction);
            for x in numbers().filter(|x| !x.is_nan()) {
                assert_eq!(
                    fixed.round(x),
                    round_to_fixed(x, integer, fraction),
                    "{x:e} ({integer}, {fraction})"
                );
            }
        }
    }
}
