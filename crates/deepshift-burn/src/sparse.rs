//! Matrix products for one thread of a browser, which skip zeros.
//!
//! In training most factors are zero: ReLU makes activations zero and stops gradients, and max pooling passes a gradient
//! to one of four pixels. WebAssembly has vectors of four f32 and no fused multiply-add, so what is left out counts for
//! more than there.

/// Values of the result that are summed at once: eight vectors, enough to hide the latency of additions.
const WIDTH: usize = 32;
/// Rows of the right matrix that are used together: with [`WIDTH`] values each they fill a first-level cache.
const BLOCK: usize = 256;

/// A matrix `[rows, inner]` without its zeros, to be multiplied by matrices `[inner, width]`.
pub(crate) struct Sparse {
    rows: usize,
    inner: usize,
    width: usize,
    /// Where the terms of each row end, for one block of [`BLOCK`] columns after the other.
    ends: Vec<usize>,
    terms: Vec<Term>,
}

#[derive(Clone, Copy)]
struct Term {
    /// Where the right matrix has the row of this term's column.
    start: u32,
    value: f32,
}

impl Sparse {
    /// The row-major matrix `[rows, values.len() / rows]`.
    pub fn new(values: &[f32], rows: usize, width: usize) -> Self {
        let inner = values.len() / rows.max(1);
        Self::collect([rows, inner, width], |row, columns| values[row * inner..][columns].iter())
    }

    /// The transposed of the row-major matrix `[values.len() / rows, rows]`.
    pub fn transposed(values: &[f32], rows: usize, width: usize) -> Self {
        let inner = values.len() / rows.max(1);
        Self::collect([rows, inner, width], |row, columns| {
            values[columns.start * rows + row..].iter().step_by(rows).take(columns.len())
        })
    }

    fn collect<'a, I: Iterator<Item = &'a f32>>(
        [rows, inner, width]: [usize; 3],
        values: impl Fn(usize, std::ops::Range<usize>) -> I,
    ) -> Self {
        let mut matrix = Self { rows, inner, width, ends: Vec::new(), terms: Vec::new() };
        for start in (0..inner).step_by(BLOCK) {
            let columns = start..(start + BLOCK).min(inner);
            for row in 0..rows {
                let terms = columns.clone().zip(values(row, columns.clone()));
                let terms = terms.filter(|(_, value)| **value != 0.0);
                let term = |(column, &value)| Term { start: (column * width) as u32, value };
                matrix.terms.extend(terms.map(term));
                matrix.ends.push(matrix.terms.len());
            }
        }
        matrix
    }

    /// Adds the product with the row-major matrix `right` of shape `[inner, width]` to `sums` of shape `[rows, width]`.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn add_product(&self, right: &[f32], sums: &mut [f32]) {
        let Self { rows, inner, width, .. } = *self;
        assert!(
            right.len() == inner * width && sums.len() == rows * width,
            "[{rows}, {inner}] times [{inner}, {width}], but {} values and {} sums",
            right.len(),
            sums.len()
        );
        let mut start = 0;
        for ends in self.ends.chunks_exact(rows.max(1)) {
            let block = Block { start, ends, terms: &self.terms, width };
            block.add_product(right, sums);
            start = ends.last().copied().unwrap_or(start);
        }
    }
}

/// The terms of some columns.
struct Block<'a> {
    /// Where the terms of the first row start.
    start: usize,
    ends: &'a [usize],
    terms: &'a [Term],
    /// Columns of the right matrix.
    width: usize,
}

impl Block<'_> {
    fn add_product(&self, right: &[f32], sums: &mut [f32]) {
        let mut column = 0;
        while column < self.width {
            column += match self.width - column {
                WIDTH.. => self.add_columns::<WIDTH>(right, sums, column),
                16.. => self.add_columns::<16>(right, sums, column),
                8.. => self.add_columns::<8>(right, sums, column),
                4.. => self.add_columns::<4>(right, sums, column),
                _ => self.add_columns::<1>(right, sums, column),
            };
        }
    }

    /// The `N` columns from `column` on; returns `N`.
    fn add_columns<const N: usize>(&self, right: &[f32], sums: &mut [f32], column: usize) -> usize {
        let right = &right[column..];
        let mut start = self.start;
        for (&end, sums) in self.ends.iter().zip(sums.chunks_exact_mut(self.width)) {
            let Some(sums) = sums[column..].first_chunk_mut::<N>() else { break };
            // An array of known length stays in registers.
            let mut sum = *sums;
            for term in &self.terms[start..end] {
                let row = right.get(term.start as usize..);
                let Some(row) = row.and_then(|row| row.first_chunk::<N>()) else { break };
                for lane in 0..N {
                    sum[lane] += term.value * row[lane];
                }
            }
            *sums = sum;
            start = end;
        }
        N
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small integers, so that sums are exact; two of three are zero.
    fn values(count: usize, seed: usize) -> Vec<f32> {
        let value = |index: usize| {
            let mixed = index.wrapping_mul(2_654_435_761).wrapping_add(seed * 97) >> 7;
            if mixed.is_multiple_of(3) { (mixed % 11) as f32 - 5.0 } else { 0.0 }
        };
        (0..count).map(value).collect()
    }

    fn plain(left: &[f32], right: &[f32], [rows, inner, width]: [usize; 3]) -> Vec<f32> {
        let sum = |row: usize, column: usize| -> f32 {
            (0..inner).map(|k| left[row * inner + k] * right[k * width + column]).sum()
        };
        (0..rows * width).map(|index| sum(index / width, index % width)).collect()
    }

    #[test]
    fn equal_to_the_definition() {
        for [rows, inner, width] in
            [[1, 1, 1], [3, 5, 7], [20, 25, 96], [4, 600, 63], [5, 256, 32], [2, 257, 31]]
        {
            let (left, right) = (values(rows * inner, 1), values(inner * width, 2));
            let mut expected = plain(&left, &right, [rows, inner, width]);
            expected.iter_mut().for_each(|value| *value += 1.0);
            let mut sums = vec![1.0; rows * width];
            Sparse::new(&left, rows, width).add_product(&right, &mut sums);
            assert_eq!(sums, expected);

            let mut columns = vec![0.0; left.len()];
            left.iter().enumerate().for_each(|(i, &value)| columns[i % inner * rows + i / inner] = value);
            let mut sums = vec![1.0; rows * width];
            Sparse::transposed(&columns, rows, width).add_product(&right, &mut sums);
            assert_eq!(sums, expected);
        }
    }

    #[test]
    fn nothing_adds_nothing() {
        Sparse::new(&[], 0, 0).add_product(&[], &mut []);
        let mut sums = [3.0; 4];
        Sparse::new(&[0.0; 6], 2, 2).add_product(&[1.0; 6], &mut sums);
        assert_eq!(sums, [3.0; 4]);
    }
}
