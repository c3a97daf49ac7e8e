//! The values that a weight can take.

use crate::bits::pack;
use crate::codes::{ShiftFormat, ShiftType, Term, term_value};
use crate::weight::ShiftWeight;

/// All values of a weight of one or two terms for channel exponent 0, ascending.
pub struct Grid {
    format: ShiftFormat,
    two_terms: bool,
    values: Vec<f32>,
    /// Of each value.
    terms: Vec<[Term; 2]>,
    /// For each bucket of numbers how many values are less than all of it, and at the end how many there are.
    less: Vec<usize>,
}

impl Grid {
    /// Of a first term of this format and, with `two_terms`, a second one of type PS and the same width.
    pub fn new(format: ShiftFormat, two_terms: bool) -> Self {
        let second = ShiftFormat { shift_type: ShiftType::PS, ..format };
        let seconds = if two_terms { terms(second) } else { vec![Term::ZERO] };
        let mut levels = Vec::new();
        for first in terms(format) {
            for &second in &seconds {
                levels.push((term_value(first, 0) + term_value(second, 0), [first, second]));
            }
        }
        levels.sort_by(|a, b| a.0.total_cmp(&b.0));
        levels.dedup_by(|a, b| a.0 == b.0);
        let (values, terms): (Vec<f32>, Vec<[Term; 2]>) = levels.into_iter().unzip();
        Self { format, two_terms, less: less(&values), values, terms }
    }

    /// Index of the value nearest to `x`, of two the upper; NaN gives any.
    #[inline(always)]
    pub fn nearest(&self, x: f32) -> usize {
        let bucket = bucket(x);
        let (start, end) = (self.less[bucket], self.less[bucket + 1]);
        let above = start + self.values[start..end].partition_point(|&value| value < x);
        let above = above.min(self.values.len() - 1);
        let below = above.saturating_sub(1);
        if x - self.values[below] < self.values[above] - x { below } else { above }
    }

    /// The value of this index.
    #[inline(always)]
    pub fn value(&self, index: usize) -> f32 {
        self.values[index]
    }

    /// The packed weight of these values, given by index in PyTorch's order.
    pub fn pack(&self, shape: Vec<usize>, indices: &[usize], exponents: Option<Vec<i8>>) -> ShiftWeight {
        let codes = |term: usize, format: ShiftFormat| {
            let code = |&index: &usize| format.encode(self.terms[index][term]).unwrap_or_default();
            pack(&indices.iter().map(code).collect::<Vec<_>>(), format.bits)
        };
        let second = ShiftFormat { shift_type: ShiftType::PS, ..self.format };
        ShiftWeight {
            shape,
            format: self.format,
            first: codes(0, self.format),
            second: self.two_terms.then(|| codes(1, second)),
            exponents,
        }
    }
}

/// Numbers of a bucket have sign, exponent and three bits of the mantissa in common.
const BUCKET_BITS: u32 = 12;

/// Ascending with `x`.
#[inline(always)]
fn bucket(x: f32) -> usize {
    let bits = x.to_bits();
    let ordered = if x.is_sign_negative() { !bits } else { bits | 1 << 31 };
    (ordered >> (32 - BUCKET_BITS)) as usize
}

fn less(values: &[f32]) -> Vec<usize> {
    let mut count = 0;
    let of_bucket = |index: usize| {
        count += values[count..].iter().take_while(|&&value| bucket(value) < index).count();
        count
    };
    (0..=1 << BUCKET_BITS).map(of_bucket).collect()
}

fn terms(format: ShiftFormat) -> Vec<Term> {
    (0..=u8::MAX).take(1 << format.bits).filter_map(|code| format.decode(code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grids() -> impl Iterator<Item = Grid> {
        [ShiftType::Q, ShiftType::PS].into_iter().flat_map(|shift_type| {
            (2..=5).flat_map(move |bits| {
                let format = ShiftFormat::new(shift_type, bits).unwrap();
                [false, true].map(|two_terms| Grid::new(format, two_terms))
            })
        })
    }

    #[test]
    fn the_nearest_is_nearest() {
        for grid in grids() {
            let edges = [0.0, -0.0, 1e-30, -1e-30];
            for x in (-600..600).map(|i| i as f32 / 251.0).chain(edges).chain(grid.values.iter().copied()) {
                let distance = |index: usize| (grid.value(index) - x).abs();
                let least = (0..grid.values.len()).map(distance).fold(f32::INFINITY, f32::min);
                assert_eq!(distance(grid.nearest(x)), least, "{:?} {x}", grid.format);
            }
            let last = grid.values.len() - 1;
            assert!([f32::NEG_INFINITY, f32::MIN, -1e30].into_iter().all(|x| grid.nearest(x) == 0));
            assert!([f32::INFINITY, f32::MAX, 1e30].into_iter().all(|x| grid.nearest(x) == last));
            assert!([f32::NAN, -f32::NAN].into_iter().all(|x| grid.nearest(x) <= last));
        }
    }

    #[test]
    fn what_is_packed_has_the_values_of_the_grid() {
        for grid in grids() {
            let indices: Vec<usize> =
                (0..grid.values.len()).chain([0, 1]).take(2 * (grid.values.len() / 2)).collect();
            let shape = vec![2, indices.len() / 2];
            let weight = grid.pack(shape, &indices, Some(vec![0, 3]));
            let scale = |at: usize| if at < indices.len() / 2 { 1.0 } else { 8.0 };
            let expected = indices.iter().enumerate().map(|(at, &index)| grid.value(index) * scale(at));
            assert_eq!(weight.values(), expected.collect::<Vec<f32>>(), "{:?}", grid.format);
        }
    }
}
