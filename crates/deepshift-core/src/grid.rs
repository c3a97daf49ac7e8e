//! The values that a weight can take.

use crate::bits::pack;
use crate::codes::{ShiftFormat, ShiftType, Term, term_value};
use crate::weight::ShiftWeight;

/// All values of a weight of one or two terms for channel exponent 0, ascending.
pub struct Grid {
    format: ShiftFormat,
    two_terms: bool,
    levels: Vec<Level>,
}

struct Level {
    value: f32,
    terms: [Term; 2],
}

impl Grid {
    /// Of a first term of this format and, with `two_terms`, a second one of type PS and the same width.
    pub fn new(format: ShiftFormat, two_terms: bool) -> Self {
        let second = ShiftFormat { shift_type: ShiftType::PS, ..format };
        let seconds = if two_terms { terms(second) } else { vec![Term::ZERO] };
        let mut levels = Vec::new();
        for first in terms(format) {
            for &second in &seconds {
                let value = term_value(first, 0) + term_value(second, 0);
                levels.push(Level { value, terms: [first, second] });
            }
        }
        levels.sort_by(|a, b| a.value.total_cmp(&b.value));
        levels.dedup_by(|a, b| a.value == b.value);
        Self { format, two_terms, levels }
    }

    /// Index of the value nearest to `x`; NaN gives the last.
    pub fn nearest(&self, x: f32) -> usize {
        let above = self.levels.partition_point(|level| level.value < x).min(self.levels.len() - 1);
        let below = above.saturating_sub(1);
        if x - self.levels[below].value < self.levels[above].value - x { below } else { above }
    }

    /// The value of this index.
    pub fn value(&self, index: usize) -> f32 {
        self.levels[index].value
    }

    /// The packed weight of these values, given by index in PyTorch's order.
    pub fn pack(&self, shape: Vec<usize>, indices: &[usize], exponents: Option<Vec<i8>>) -> ShiftWeight {
        let codes = |term: usize, format: ShiftFormat| {
            let code = |&index: &usize| format.encode(self.levels[index].terms[term]).unwrap_or_default();
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
            for x in (-600..600).map(|i| i as f32 / 251.0) {
                let distance = |index: usize| (grid.value(index) - x).abs();
                let least = (0..grid.levels.len()).map(distance).fold(f32::INFINITY, f32::min);
                assert_eq!(distance(grid.nearest(x)), least, "{:?} {x}", grid.format);
            }
            grid.nearest(f32::NAN);
        }
    }

    #[test]
    fn what_is_packed_has_the_values_of_the_grid() {
        for grid in grids() {
            let indices: Vec<usize> =
                (0..grid.levels.len()).chain([0, 1]).take(2 * (grid.levels.len() / 2)).collect();
            let shape = vec![2, indices.len() / 2];
            let weight = grid.pack(shape, &indices, Some(vec![0, 3]));
            let scale = |at: usize| if at < indices.len() / 2 { 1.0 } else { 8.0 };
            let expected = indices.iter().enumerate().map(|(at, &index)| grid.value(index) * scale(at));
            assert_eq!(weight.values(), expected.collect::<Vec<f32>>(), "{:?}", grid.format);
        }
    }
}
