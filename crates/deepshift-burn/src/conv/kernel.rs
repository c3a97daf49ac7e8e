//! The two products of a convolution, with whatever vectors the processor has.

use macerator::{AutoArch, Scalar, Simd, Vector, WithSimd};

/// Rows of a result that are computed together.
const ROWS: usize = 4;
/// f32 values in the longest vector.
pub(super) const LANES: usize = 16;
/// Values behind the last row of [`Rows`] that are read without being used.
pub(super) const SLACK: usize = 4 * LANES;

/// A matrix whose rows lie anywhere in a slice and may overlap. [`SLACK`] values follow the last row.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub values: &'a [f32],
    /// Where each row starts.
    pub starts: &'a [usize],
    pub length: usize,
}

/// A row-major matrix in the order in which the product reads it: [`ROWS`] rows at a time, value after value.
pub(super) struct Packed {
    values: Vec<f32>,
    inner: usize,
}

impl Packed {
    /// The matrix `[rows, inner]` with `value(row, column)`.
    pub fn new(rows: usize, inner: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let mut values = vec![0.0; rows.div_ceil(ROWS) * inner * ROWS];
        for (block, values) in values.chunks_exact_mut((inner * ROWS).max(1)).enumerate() {
            for (column, values) in values.as_chunks_mut::<ROWS>().0.iter_mut().enumerate() {
                for (row, packed) in (block * ROWS..rows).zip(values) {
                    *packed = value(row, column);
                }
            }
        }
        Self { values, inner }
    }
}

/// `left * right`, with an initial value for each row, into rows of `output` that start `pitch` apart.
pub(super) struct Product<'a> {
    pub left: &'a Packed,
    pub right: Rows<'a>,
    pub initial: &'a [f32],
    pub output: &'a mut [f32],
    pub pitch: usize,
}

impl Product<'_> {
    pub fn compute(self) {
        AutoArch::new().dispatch(self);
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self) {
        let lanes = S::lanes32();
        let mut start = 0;
        while start < self.right.length {
            // As many sums as there are registers for.
            let wide = if lanes == LANES { 4 } else { 3 };
            start += lanes
                * match (self.right.length - start).div_ceil(lanes) {
                    4.. if wide == 4 => self.columns::<S, 4>(start),
                    3.. if wide == 3 => self.columns::<S, 3>(start),
                    2.. => self.columns::<S, 2>(start),
                    _ => self.columns::<S, 1>(start),
                };
        }
    }
}

impl Product<'_> {
    /// Computes `V` vectors of each row from column `start` on; returns `V`.
    #[inline(always)]
    fn columns<S: Simd, const V: usize>(&mut self, start: usize) -> usize {
        let width = (V * S::lanes32()).min(self.right.length - start);
        let rights = &self.right.values[start..];
        let blocks = self.left.values.chunks_exact(self.left.inner * ROWS);
        let rows = self.initial.chunks(ROWS).zip(self.output.chunks_mut(self.pitch * ROWS));
        for (left, (initial, output)) in blocks.zip(rows) {
            let sums = sums::<S, V>(left, rights, self.right.starts, initial);
            for (sums, output) in sums.iter().zip(output.chunks_mut(self.pitch)) {
                store(sums, &mut output[start..][..width]);
            }
        }
        V
    }
}

#[inline(always)]
fn sums<S: Simd, const V: usize>(
    left: &[f32],
    rights: &[f32],
    starts: &[usize],
    initial: &[f32],
) -> [[Vector<S, f32>; V]; ROWS] {
    let mut sums = [[0.0.splat::<S>(); V]; ROWS];
    for (sums, initial) in sums.iter_mut().zip(initial) {
        *sums = [initial.splat::<S>(); V];
    }
    for (left, &start) in left.as_chunks::<ROWS>().0.iter().zip(starts) {
        let right = &rights[start..][..V * S::lanes32()];
        let mut rights = [0.0.splat::<S>(); V];
        for (vector, value) in rights.iter_mut().enumerate() {
            *value = load::<S>(right, vector);
        }
        for (sums, left) in sums.iter_mut().zip(left) {
            let left = left.splat::<S>();
            for (sum, &right) in sums.iter_mut().zip(&rights) {
                *sum = left.mul_add(right, *sum);
            }
        }
    }
    sums
}

/// Adds `left * right^T` to a row-major matrix.
///
/// Both matrices consist of pieces side by side, one for each picture; those of `left` are `left_pitch` values apart,
/// those of `right` `right_pitch`. Past their length the rows of `left` are zero up to a multiple of [`LANES`].
pub(super) struct TransposedProduct<'a> {
    pub left: Rows<'a>,
    pub left_pitch: usize,
    pub right: Rows<'a>,
    pub right_pitch: usize,
    pub pieces: usize,
    /// `[left rows, right rows]`.
    pub sums: &'a mut [f32],
}

impl TransposedProduct<'_> {
    pub fn add(self) {
        AutoArch::new().dispatch(self);
    }
}

impl WithSimd for TransposedProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self) {
        let mut row = 0;
        while row < self.left.starts.len() {
            row += match self.left.starts.len() - row {
                ROWS.. => self.rows::<S, ROWS>(row),
                _ => self.rows::<S, 1>(row),
            };
        }
    }
}

impl TransposedProduct<'_> {
    #[inline(always)]
    fn rows<S: Simd, const R: usize>(&mut self, row: usize) -> usize {
        let wide = if S::lanes32() == LANES { 6 } else { 2 };
        let columns = self.right.starts.len();
        let mut column = 0;
        while column < columns {
            column += match columns - column {
                6.. if wide == 6 => self.block::<S, R, 6>(row, column),
                2.. => self.block::<S, R, 2>(row, column),
                _ => self.block::<S, R, 1>(row, column),
            };
        }
        R
    }

    /// Computes `R` rows and `C` columns; returns `C`.
    #[inline(always)]
    fn block<S: Simd, const R: usize, const C: usize>(&mut self, row: usize, column: usize) -> usize {
        let length = self.left.length.next_multiple_of(S::lanes32());
        let mut sums = [[0.0.splat::<S>(); C]; R];
        for piece in 0..self.pieces {
            let lefts = &self.left.values[piece * self.left_pitch..];
            let rights = &self.right.values[piece * self.right_pitch..];
            let lefts: [&[f32]; R] =
                std::array::from_fn(|index| &lefts[self.left.starts[row + index]..][..length]);
            let rights: [&[f32]; C] =
                std::array::from_fn(|index| &rights[self.right.starts[column + index]..][..length]);
            for vector in 0..length / S::lanes32() {
                let mut left = [0.0.splat::<S>(); R];
                for row in 0..R {
                    left[row] = load::<S>(lefts[row], vector);
                }
                for column in 0..C {
                    let right = load::<S>(rights[column], vector);
                    for row in 0..R {
                        sums[row][column] = left[row].mul_add(right, sums[row][column]);
                    }
                }
            }
        }
        let columns = self.right.starts.len();
        for (index, sums) in sums.into_iter().enumerate() {
            let totals = &mut self.sums[(row + index) * columns + column..][..C];
            totals.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum.reduce_add());
        }
        C
    }
}

/// Writes as many values as `target` has.
#[inline(always)]
fn store<S: Simd, const V: usize>(vectors: &[Vector<S, f32>; V], target: &mut [f32]) {
    let values: &[f32] = bytemuck::cast_slice(vectors);
    if target.len() == values.len() {
        // A copy of known length becomes vector instructions.
        target[..V * S::lanes32()].copy_from_slice(&values[..V * S::lanes32()]);
    } else {
        target.copy_from_slice(&values[..target.len()]);
    }
}

/// Vector number `index` of a slice.
#[inline(always)]
fn load<S: Simd>(values: &[f32], index: usize) -> Vector<S, f32> {
    let lanes = S::lanes32();
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(&values[index * lanes..][..lanes]))
}
