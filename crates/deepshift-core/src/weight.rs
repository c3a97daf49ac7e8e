//! Packed shift weights of one layer.

use crate::bits::{get, pack, packed_len, set};
use crate::codes::{ShiftFormat, ShiftType, Term, term_value};
use crate::grid::Grid;
use crate::round::{exp2, round_log2};
use crate::{Error, Result};

/// Integer mode and its kernels take codes up to this many bits.
pub const MAX_INTEGER_BITS: u8 = 5;

/// The weight of a linear layer `[out, in]` or a convolution `[out, in / groups, kernel height, kernel width]`:
/// each is the sum of one or two terms `s * 2^(e - k)`, `e` belonging to the output channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftWeight {
    /// PyTorch's shape and order.
    pub shape: Vec<usize>,
    /// Code of the first term.
    pub format: ShiftFormat,
    /// Packed codes of the first term.
    pub first: Vec<u8>,
    /// Packed codes of the second term, always of type PS and of the same width.
    pub second: Option<Vec<u8>>,
    /// `e` of each output channel; all 0 where absent.
    pub exponents: Option<Vec<i8>>,
}

impl ShiftWeight {
    /// Packs real weights that were rounded already: each is 0 or `±2^n`. Returns the packed weight and how many
    /// exact zeros a type Q layer turned into its smallest weight. A value that is no power of two is rounded.
    pub fn from_values(shape: Vec<usize>, format: ShiftFormat, values: &[f32]) -> Result<(Self, usize)> {
        if shape.iter().product::<usize>() != values.len() || shape.is_empty() {
            return Err(Error::argument(format!(
                "{} values do not fill a weight of shape {shape:?}",
                values.len()
            )));
        }
        if let Some(bad) = values.iter().find(|value| !value.is_finite()) {
            return Err(Error::argument(format!("a weight is {bad}: training diverged")));
        }
        let zeros = match format.shift_type {
            ShiftType::Q => values.iter().filter(|&&value| value == 0.0).count(),
            ShiftType::PS => 0,
        };
        let codes: Vec<u8> = values
            .iter()
            .map(|&value| {
                let sign = i8::from(value > 0.0) - i8::from(value < 0.0);
                let exponent = if sign == 0 { 0 } else { round_log2(value) };
                format.encode(format.term(sign, exponent, 0)).unwrap_or(0)
            })
            .collect();
        let weight = Self { shape, format, first: pack(&codes, format.bits), second: None, exponents: None };
        Ok((weight, zeros))
    }

    /// The same codes and channel exponents with other weights, in the order of `shape`: each is the nearest that they can
    /// say. NaN gives the largest.
    ///
    /// # Errors
    /// [`Error::BadArgument`] where the number of values is another.
    pub fn with_values(&self, values: &[f32]) -> Result<Self> {
        if values.len() != self.len() {
            return Err(Error::argument(format!("{} values for {} weights", values.len(), self.len())));
        }
        let grid = Grid::new(self.format, self.second.is_some());
        let fan_in = self.fan_in().max(1);
        let scaled = |(index, &value): (usize, &f32)| value * exp2(-self.exponent(index / fan_in));
        let indices: Vec<usize> =
            values.iter().enumerate().map(scaled).map(|value| grid.nearest(value)).collect();
        Ok(grid.pack(self.shape.clone(), &indices, self.exponents.clone()))
    }

    /// Output channels.
    pub fn channels(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Weights of one output channel.
    pub fn fan_in(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no weight at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the packed codes and channel exponents.
    pub fn byte_len(&self) -> usize {
        self.first.len()
            + self.second.as_ref().map_or(0, Vec::len)
            + self.exponents.as_ref().map_or(0, Vec::len)
    }

    /// Format of the second term.
    pub fn second_format(&self) -> ShiftFormat {
        ShiftFormat { shift_type: ShiftType::PS, bits: self.format.bits }
    }

    /// `e` of an output channel.
    pub fn exponent(&self, channel: usize) -> i32 {
        self.exponents.as_ref().map_or(0, |exponents| i32::from(exponents[channel]))
    }

    /// Both terms of weight `index`; the second is zero where there is none.
    pub fn terms(&self, index: usize) -> [Term; 2] {
        let first = self.format.decode(get(&self.first, self.format.bits, index));
        let second = self.second.as_ref().and_then(|codes| {
            let format = self.second_format();
            format.decode(get(codes, format.bits, index))
        });
        [first.unwrap_or(Term::ZERO), second.unwrap_or(Term::ZERO)]
    }

    /// The real weight number `index`, exact.
    pub fn value(&self, index: usize) -> f32 {
        let exponent = self.exponent(index / self.fan_in().max(1));
        let [first, second] = self.terms(index);
        term_value(first, exponent) + term_value(second, exponent)
    }

    /// All real weights in the order of `shape`.
    pub fn values(&self) -> Vec<f32> {
        (0..self.len()).map(|index| self.value(index)).collect()
    }

    /// The integer weight number `index`: `W = s1 * 2^(kmax - k1) + s2 * 2^(kmax - k2)`, `kmax` that of the first
    /// term's format. Codes must have at most [`MAX_INTEGER_BITS`] bits.
    pub fn integer(&self, index: usize) -> i32 {
        let kmax = self.format.kmax();
        self.terms(index).into_iter().map(|term| i32::from(term.sign) << (kmax - term.k)).sum()
    }

    /// All integer weights in the order of `shape`.
    pub fn integers(&self) -> Vec<i32> {
        (0..self.len()).map(|index| self.integer(index)).collect()
    }

    /// What one unit of the integer accumulator of a channel is worth, for inputs in units of one: `2^(e - kmax)`.
    pub fn unit(&self, channel: usize) -> f32 {
        exp2(self.exponent(channel) - i32::from(self.format.kmax()))
    }

    /// How many weights have each `k` of the first term (index `k`) and how many are zero (last index).
    pub fn histogram(&self) -> Vec<usize> {
        let mut counts = vec![0; usize::from(self.format.kmax()) + 2];
        for index in 0..self.len() {
            let [term, _] = self.terms(index);
            let slot = if term.sign == 0 { counts.len() - 1 } else { usize::from(term.k) };
            counts[slot] += 1;
        }
        counts
    }

    /// Raises `e` of one channel by `steps`, keeping the real weights; those too small for the new range become
    /// zero (PS) or the smallest weight (Q).
    pub fn raise_exponent(&mut self, channel: usize, steps: u8) {
        let channels = self.channels();
        let exponents = self.exponents.get_or_insert_with(|| vec![0; channels]);
        exponents[channel] = exponents[channel].saturating_add_unsigned(steps);
        let fan_in = self.fan_in();
        let range = channel * fan_in..(channel + 1) * fan_in;
        let second_format = self.second_format();
        shift_codes(&mut self.first, self.format, range.clone(), steps);
        if let Some(second) = &mut self.second {
            shift_codes(second, second_format, range, steps);
        }
    }

    /// Checks lengths, codes and the range of exponents; what is wrong is said in words.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        let len = packed_len(self.len(), self.format.bits);
        let streams = std::iter::once((&self.first, self.format))
            .chain(self.second.iter().map(|codes| (codes, self.second_format())));
        for (codes, format) in streams {
            if Some(codes.len()) != len {
                return Err(format!("{} bytes of codes for a weight of shape {:?}", codes.len(), self.shape));
            }
            if let Some(index) =
                (0..self.len()).find(|&index| format.decode(get(codes, format.bits, index)).is_none())
            {
                return Err(format!("weight {index} has the code that means nothing (sign 1, magnitude 0)"));
            }
        }
        if let Some(exponents) = &self.exponents {
            if exponents.len() != self.channels() {
                return Err(format!("{} exponents for {} channels", exponents.len(), self.channels()));
            }
            let lowest = i32::from(self.format.kmax()) - 149;
            if let Some(bad) = exponents.iter().find(|&&e| i32::from(e) < lowest || e > 126) {
                return Err(format!("channel exponent {bad} leaves the range of f32"));
            }
        }
        Ok(())
    }
}

fn shift_codes(codes: &mut [u8], format: ShiftFormat, range: std::ops::Range<usize>, steps: u8) {
    for index in range {
        let Some(term) = format.decode(get(codes, format.bits, index)) else { continue };
        let k = term.k.saturating_add(steps);
        let smaller = match format.shift_type {
            _ if term.sign == 0 => Term::ZERO,
            ShiftType::PS if k > format.kmax() => Term::ZERO,
            _ => Term { k: k.min(format.kmax()), ..term },
        };
        if let Some(code) = format.encode(smaller) {
            set(codes, format.bits, index, code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ps5() -> ShiftFormat {
        ShiftFormat::new(ShiftType::PS, 5).unwrap()
    }

    #[test]
    fn values_survive_packing() {
        let values = [1.0, -0.5, 0.0, 2f32.powi(-14), -2f32.powi(-7), 0.25];
        let (weight, zeros) = ShiftWeight::from_values(vec![2, 3], ps5(), &values).unwrap();
        assert_eq!(weight.values(), values);
        assert_eq!(weight.integers(), [1 << 14, -(1 << 13), 0, 1, -(1 << 7), 1 << 12]);
        assert_eq!(zeros, 0);
        assert_eq!(weight.check(), Ok(()));
        assert_eq!(weight.histogram().iter().sum::<usize>(), 6);
    }

    #[test]
    fn a_zero_of_type_q_is_counted() {
        let q3 = ShiftFormat::new(ShiftType::Q, 3).unwrap();
        let (weight, zeros) = ShiftWeight::from_values(vec![1, 3], q3, &[0.0, -1.0, 0.125]).unwrap();
        assert_eq!((weight.values(), zeros), (vec![0.125, -1.0, 0.125], 1));
    }

    #[test]
    fn two_terms_add_up() {
        let (mut weight, _) = ShiftWeight::from_values(vec![1, 2], ps5(), &[0.5, -0.25]).unwrap();
        let (second, _) = ShiftWeight::from_values(vec![1, 2], ps5(), &[0.125, 0.0]).unwrap();
        weight.second = Some(second.first);
        weight.exponents = Some(vec![1]);
        assert_eq!(weight.values(), [1.25, -0.5]);
        assert_eq!(weight.integers(), [(1 << 13) + (1 << 11), -(1 << 12)]);
        assert_eq!(weight.unit(0), 2f32.powi(-13));
    }

    #[test]
    fn other_values_become_the_nearest() {
        let (mut weight, _) = ShiftWeight::from_values(vec![2, 2], ps5(), &[1.0, 0.5, 0.25, 0.0]).unwrap();
        assert_eq!(weight.with_values(&weight.values()).unwrap(), weight);
        weight.exponents = Some(vec![2, -3]);
        let other = weight.with_values(&[2.9, -9.0, 0.1, 0.0]).unwrap();
        assert_eq!(other.values(), [2.0, -4.0, 0.125, 0.0]);
        assert_eq!(other.exponents, weight.exponents);
        weight.second = Some(weight.first.clone());
        assert_eq!(weight.with_values(&[2.9, -9.0, 0.1, 0.0]).unwrap().values(), [3.0, -8.0, 0.09375, 0.0]);
        assert!(weight.with_values(&[1.0]).is_err());
    }

    #[test]
    fn raising_the_exponent_keeps_what_still_fits() {
        let values = [1.0, -2f32.powi(-14), 0.5, 2f32.powi(-13)];
        let (mut weight, _) = ShiftWeight::from_values(vec![2, 2], ps5(), &values).unwrap();
        weight.raise_exponent(0, 1);
        assert_eq!(weight.values(), [1.0, 0.0, 0.5, 2f32.powi(-13)]);
        assert_eq!(weight.exponents, Some(vec![1, 0]));
    }

    #[test]
    fn what_cannot_be_packed_is_refused() {
        assert!(ShiftWeight::from_values(vec![2, 2], ps5(), &[1.0]).is_err());
        assert!(ShiftWeight::from_values(vec![1, 1], ps5(), &[f32::NAN]).is_err());
    }
}
