//! Rounding of real weights to powers of two and of activations to fixed point.

use std::f64::consts::{LOG2_E, SQRT_2};

/// `round(log2(magnitude))`, computed from exponent and mantissa bits so that every machine gives the same integer.
///
/// It is what the original computes, the logarithm rounded to f32 first and ties then going to the even exponent:
/// a magnitude so close to `2^(n + 1/2)` that its f32 logarithm is exactly `n + 1/2` counts as a tie.
/// Zero gives `i32::MIN`, infinity and NaN give `i32::MAX`.
pub fn round_log2(magnitude: f32) -> i32 {
    if magnitude == 0.0 {
        return i32::MIN;
    }
    if !magnitude.is_finite() {
        return i32::MAX;
    }
    // As f64 even subnormal f32 values have a normal exponent.
    let bits = f64::from(magnitude.abs()).to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    // First-order log2(mantissa / sqrt 2): exact enough, because it only decides within 2^-17 of zero.
    let above_tie = (mantissa / SQRT_2 - 1.0) * LOG2_E;
    if above_tie.abs() <= half_ulp_of_half_integer(exponent) {
        return exponent + (exponent & 1);
    }
    exponent + i32::from(above_tie > 0.0)
}

/// Half the distance between neighbouring f32 values at `|exponent + 1/2|`.
fn half_ulp_of_half_integer(exponent: i32) -> f64 {
    let magnitude = (f64::from(exponent) + 0.5).abs();
    let octave = (magnitude.to_bits() >> 52) as i32 - 1023;
    exp2_f64(octave - 24)
}

#[inline(always)]
fn exp2_f64(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// `2^exponent`, exact; below the smallest subnormal it is zero, above the largest f32 it is infinite.
#[inline(always)]
pub fn exp2(exponent: i32) -> f32 {
    exp2_f64(exponent.clamp(-1022, 1023)) as f32
}

/// The (I, F) fixed point of the original: `clamp(floor(x * 2^F) / 2^F, -2^(I-1), 2^(I-1) - 1)`.
///
/// With `I = 1` the original gives `sign(x) - 1` instead, and so does this.
pub fn round_to_fixed(x: f32, integer_bits: u32, fraction_bits: u32) -> f32 {
    if integer_bits == 1 {
        let sign = if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            0.0
        };
        return sign - 1.0;
    }
    let bound = exp2(integer_bits as i32 - 1);
    let fixed = (x * exp2(fraction_bits as i32)).floor() * exp2(-(fraction_bits as i32));
    fixed.clamp(-bound, bound - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_themselves() {
        for exponent in -149..=127 {
            assert_eq!(round_log2(exp2(exponent)), exponent);
            assert_eq!(round_log2(-exp2(exponent)), exponent);
        }
    }

    #[test]
    fn agrees_with_the_f64_logarithm_away_from_ties() {
        let mut bits = 0x0000_0001u32;
        while bits < 0x7f80_0000 {
            let value = f32::from_bits(bits);
            let log = f64::from(value).log2();
            if ((log - log.floor()) - 0.5).abs() > 1e-5 {
                assert_eq!(round_log2(value), log.round() as i32, "{value:e}");
            }
            bits += 9973;
        }
    }

    #[test]
    fn ties_go_to_the_even_exponent() {
        for exponent in -20..20 {
            let tie = (f64::from(exponent) + 0.5).exp2() as f32;
            let even = exponent + (exponent & 1);
            assert_eq!(round_log2(tie), even, "2^({exponent} + 1/2)");
        }
        assert_eq!(round_log2(2.157_918_6e-5), -16);
        assert_eq!(round_log2(0.176_78), -2);
        assert_eq!(round_log2(0.176_75), -3);
    }

    #[test]
    fn what_has_no_logarithm() {
        assert_eq!(round_log2(0.0), i32::MIN);
        assert_eq!(round_log2(f32::NAN), i32::MAX);
        assert_eq!(round_log2(f32::NEG_INFINITY), i32::MAX);
    }

    #[test]
    fn fixed_point_has_the_original_top_of_range() {
        assert_eq!(round_to_fixed(100.0, 3, 5), 3.0);
        assert_eq!(round_to_fixed(-100.0, 3, 5), -4.0);
        assert_eq!(round_to_fixed(0.999, 3, 5), 0.96875);
        assert_eq!(round_to_fixed(-0.001, 3, 5), -0.03125);
        assert_eq!([0.5, 0.0, -0.5].map(|x| round_to_fixed(x, 1, 4)), [0.0, -1.0, -2.0]);
        assert!(round_to_fixed(f32::NAN, 3, 5).is_nan());
    }
}
