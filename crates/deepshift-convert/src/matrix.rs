//! Factorisations of small symmetric matrices, in f64.

use rayon::prelude::*;

/// A square matrix, row after row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Square {
    pub size: usize,
    pub values: Vec<f64>,
}

impl Square {
    pub fn zeros(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    /// From the elements up to the diagonal.
    pub fn symmetric(size: usize, element: impl Fn(usize, usize) -> f64) -> Self {
        let mut matrix = Self::zeros(size);
        for row in 0..size {
            for column in 0..=row {
                let value = element(row, column);
                matrix.values[row * size + column] = value;
                matrix.values[column * size + row] = value;
            }
        }
        matrix
    }

    pub fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.size..(index + 1) * self.size]
    }

    pub fn mean_diagonal(&self) -> f64 {
        (0..self.size).map(|index| self.row(index)[index]).sum::<f64>() / self.size.max(1) as f64
    }

    /// With something added to the diagonal.
    pub fn damped(mut self, damping: f64) -> Self {
        for index in 0..self.size {
            self.values[index * self.size + index] += damping;
        }
        self
    }

    /// Rows and columns in another order.
    pub fn permuted(&self, order: &[usize]) -> Self {
        let values = order.iter().flat_map(|&row| order.iter().map(move |&column| self.row(row)[column]));
        Self { size: self.size, values: values.collect() }
    }

    /// The lower triangular L with `L L' = self`, zeros above its diagonal; `None` where the matrix is not positive definite.
    pub fn cholesky(&self) -> Option<Self> {
        let mut lower = Self::zeros(self.size);
        for start in (0..self.size).step_by(BLOCK) {
            let end = (start + BLOCK).min(self.size);
            for row in start..end {
                let (above, below) = lower.values.split_at_mut(row * self.size);
                if !eliminate(self, above, &mut below[..self.size], row, start..end.min(row + 1)) {
                    return None;
                }
            }
            let (above, below) = lower.values.split_at_mut(end * self.size);
            let rows = below.par_chunks_exact_mut(self.size).enumerate();
            rows.for_each(|(row, values)| {
                eliminate(self, above, values, end + row, start..end);
            });
        }
        Some(lower)
    }
}

const BLOCK: usize = 64;

/// Fills some columns of a row of the Cholesky factor; false where its diagonal is among them and not positive.
fn eliminate(
    matrix: &Square,
    above: &[f64],
    values: &mut [f64],
    row: usize,
    columns: std::ops::Range<usize>,
) -> bool {
    let size = matrix.size;
    for column in columns {
        let rest = matrix.row(row)[column];
        if column == row {
            let square = rest - dot(&values[..column], &values[..column]);
            values[column] = square.sqrt();
            return square > 0.0 && square.is_finite();
        }
        let pivot = &above[column * size..];
        values[column] = (rest - dot(&values[..column], &pivot[..column])) / pivot[column];
    }
    true
}

/// Solves `L L' x = b` in place.
pub(crate) fn solve(lower: &Square, x: &mut [f64]) {
    let size = lower.size;
    for row in 0..size {
        x[row] = (x[row] - dot(&lower.row(row)[..row], &x[..row])) / lower.row(row)[row];
    }
    for row in (0..size).rev() {
        let value = x[row] / lower.row(row)[row];
        x[row] = value;
        for (x, l) in x[..row].iter_mut().zip(lower.row(row)) {
            *x -= value * l;
        }
    }
}

const LANES: usize = 8;

/// Sums in a fixed order that a compiler can vectorise.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (blocks, others) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = blocks.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in blocks.zip(others) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// [`dot`] of f32 values.
#[inline(always)]
pub(crate) fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 2 * LANES];
    let (blocks, others) = (a.chunks_exact(2 * LANES), b.chunks_exact(2 * LANES));
    let rest: f32 = blocks.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in blocks.zip(others) {
        for lane in 0..2 * LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `A A' + 1` of pseudo-random A.
    fn positive(size: usize) -> Square {
        let a = |row: usize, column: usize| ((row * 31 + column * 17) % 23) as f64 / 23.0 - 0.4;
        let product = |row, column| (0..size).map(|k| a(row, k) * a(column, k)).sum();
        Square::symmetric(size, product).damped(1.0)
    }

    #[test]
    fn the_factor_times_itself_is_the_matrix() {
        for size in [1, 3, 64, 65, 150] {
            let matrix = positive(size);
            let lower = matrix.cholesky().unwrap();
            for row in 0..size {
                for column in 0..size {
                    let product = dot(lower.row(row), lower.row(column));
                    assert!((product - matrix.row(row)[column]).abs() < 1e-9, "{size}: {row} {column}");
                    assert!(column <= row || lower.row(row)[column] == 0.0);
                }
            }
        }
    }

    #[test]
    fn a_solution_solves() {
        let matrix = positive(70);
        let b: Vec<f64> = (0..70).map(|i| (i % 7) as f64 - 3.0).collect();
        let mut x = b.clone();
        solve(&matrix.cholesky().unwrap(), &mut x);
        for (row, b) in b.into_iter().enumerate() {
            assert!((dot(matrix.row(row), &x) - b).abs() < 1e-9);
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert_eq!(Square::zeros(3).cholesky(), None);
        assert_eq!(positive(80).damped(-1e3).cholesky(), None);
        assert_eq!(Square::symmetric(2, |_, _| f64::NAN).cholesky(), None);
    }

    #[test]
    fn sums_of_products() {
        let a: Vec<f64> = (0..37).map(f64::from).collect();
        assert_eq!(dot(&a, &a), (0..37).map(|i| f64::from(i * i)).sum::<f64>());
        let a: Vec<f32> = (0..37).map(|i| i as f32).collect();
        assert_eq!(dot_f32(&a, &a), (0..37).map(|i| i * i).sum::<i32>() as f32);
    }

    #[test]
    fn rows_and_columns_move_together() {
        let matrix = positive(3);
        let moved = matrix.permuted(&[2, 0, 1]);
        assert_eq!(moved.row(0)[1], matrix.row(2)[0]);
        assert_eq!(moved.row(2)[2], matrix.row(1)[1]);
        assert_eq!(moved.permuted(&[1, 2, 0]), matrix);
    }
}
