//! Weights that no code comes near.

use crate::round::{exp2, round_log2};
use crate::{ShiftFormat, ShiftType};

/// How many weights of a layer are outside the range of its codes, which end at it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OutOfRange {
    /// Weights in all.
    pub weights: usize,
    /// Those whose power of two is above the largest code.
    pub clipped: usize,
    /// Those whose power of two is below the smallest code, zeros left out.
    pub raised: usize,
    /// What raising them adds to the sum of all magnitudes, as part of that sum.
    pub added: f64,
}

impl OutOfRange {
    /// Of weights that are rounded to one or two terms without channel exponents.
    pub fn of(values: &[f32], format: ShiftFormat, two_terms: bool) -> Self {
        // Two terms add up to twice the largest.
        let highest = i32::from(two_terms);
        let lowest = -i32::from(format.kmax());
        let mut range = Self { weights: values.len(), ..Self::default() };
        let (mut sum, mut added) = (0.0, 0.0);
        for magnitude in values.iter().map(|value| value.abs()).filter(|&magnitude| magnitude > 0.0) {
            let exponent = round_log2(magnitude);
            sum += f64::from(magnitude);
            range.clipped += usize::from(exponent > highest);
            if exponent < lowest {
                range.raised += 1;
                added += f64::from(exp2(lowest)) - f64::from(magnitude);
            }
        }
        // A second term of type PS takes the first back, or is 0 beside it.
        let has_zero = two_terms && format.shift_type == ShiftType::PS;
        range.added = if has_zero || sum == 0.0 { 0.0 } else { added / sum };
        range
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32], bits: u8, two_terms: bool) -> OutOfRange {
        OutOfRange::of(values, ShiftFormat::new(ShiftType::Q, bits).unwrap(), two_terms)
    }

    #[test]
    fn weights_that_round_beyond_the_codes_are_counted() {
        // Two bits of type Q are 1 and 0.5.
        let range = of(&[1.4, -1.5, 64.0, 0.0, 0.5, 0.36, -0.25], 2, false);
        assert_eq!((range.weights, range.clipped, range.raised), (7, 2, 1));
        assert_eq!(of(&[1.5, 2.5, 3.0], 5, true).clipped, 1);
        assert_eq!(of(&[f32::INFINITY], 5, false).clipped, 1);
        assert_eq!(of(&[0.01; 3], 5, false), OutOfRange { weights: 3, ..OutOfRange::default() });
    }

    #[test]
    fn what_raising_adds_is_in_parts_of_all() {
        assert_eq!(of(&[0.25, 0.25, 0.5], 2, false).added, 0.5);
        assert_eq!(of(&[], 2, false).added, 0.0);
    }
}
