//! Weights on the shift grid that give what wanted weights would have given.
//!
//! Of a channel with wanted weights `w` and inputs of covariance `H`, weights `w + e` change the output's variance by
//! `e H e'`. A first guess goes through the weights once, each making up for the errors of those before it (GPTQ, Frantar
//! et al. 2022, in the form of Chee et al. 2023, "QuIP", algorithm LDLQ); then single weights move as long as that helps.

use crate::matrix::{Square, dot_f32};
use crate::round::Row;
use deepshift_core::Grid;
use deepshift_cpu::vectorized;

/// `e H e'`, ready to be made small over a grid.
pub(crate) struct Quadratic {
    size: usize,
    /// H, damped.
    matrix: Vec<f32>,
    /// Weights in the order of the first guess: those of the largest inputs first.
    order: Vec<usize>,
    /// With H in that order as `M D M'`, M unit upper triangular: row `k` holds column `k` of M above the diagonal.
    columns: Vec<f32>,
}

/// What a channel's grid is multiplied by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// Of two, in the file.
    pub exponent: i32,
    /// Taken up by the BatchNorm behind the layer.
    pub factor: f32,
}

/// Weights on the grid in one scale.
struct Trial {
    scale: Scale,
    /// What the grid's values are multiplied by.
    unit: f32,
    /// Of the grid's values.
    indices: Vec<usize>,
    /// What was chosen less what was wanted; during the first guess in its order.
    error: Vec<f32>,
    /// `H error'`.
    gradient: Vec<f32>,
    /// Whether a weight has moved in this sweep.
    moved: bool,
    /// Whether none moved in the last one.
    settled: bool,
}

impl Trial {
    fn new(scale: Scale, size: usize) -> Self {
        let unit = (scale.exponent as f32).exp2() * scale.factor;
        let zeros = vec![0.0; size];
        Self {
            scale,
            unit,
            indices: vec![0; size],
            error: zeros.clone(),
            gradient: zeros,
            moved: true,
            settled: false,
        }
    }

    /// Moves weight `k`, which has this row of H.
    #[inline(always)]
    fn step(&mut self, k: usize, row: &[f32], wanted: f32, grid: &Grid) {
        let curvature = row[k];
        let best = grid.nearest((wanted + self.error[k] - self.gradient[k] / curvature) / self.unit);
        let step = (grid.value(best) - grid.value(self.indices[k])) * self.unit;
        // Of two values that are equally good only one is ever taken, whatever f32 makes of it.
        if step * (2.0 * self.gradient[k] + step * curvature) < 0.0 {
            self.indices[k] = best;
            self.error[k] += step;
            self.gradient.iter_mut().zip(row).for_each(|(gradient, h)| *gradient += step * h);
            self.moved = true;
        }
    }

    fn squared_error(&self) -> f64 {
        self.error.iter().zip(&self.gradient).map(|(&e, &g)| f64::from(e) * f64::from(g)).sum()
    }
}

/// Times that all weights of a channel are looked at again, at most.
const SWEEPS: usize = 4;

impl Quadratic {
    /// From a covariance and what is added to its diagonal; `None` where that is not positive definite, because no input
    /// varies.
    pub fn new(covariance: &Square, damping: f64) -> Option<Self> {
        let size = covariance.size;
        let matrix = covariance.clone().damped(damping);
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|&a, &b| covariance.row(b)[b].total_cmp(&covariance.row(a)[a]));
        let backwards: Vec<usize> = order.iter().rev().copied().collect();
        let lower = matrix.permuted(&backwards).cholesky()?;
        // The factor of the reversed matrix, read backwards, is upper triangular.
        let mut columns = vec![0.0; size * size];
        for k in 0..size {
            let reversed = size - 1 - k;
            let pivot = lower.row(reversed)[reversed];
            for j in 0..k {
                columns[k * size + j] = (lower.row(size - 1 - j)[reversed] / pivot) as f32;
            }
        }
        let matrix = matrix.values.iter().map(|&value| value as f32).collect();
        Some(Self { size, matrix, order, columns })
    }

    /// Weights on the grid for the wanted ones, in that of these scales with the least error, which is in units of the wanted
    /// weights. All scales go through the matrix together: it is larger than a cache.
    pub fn choose(&self, wanted: &[f32], grid: &Grid, scales: impl Iterator<Item = Scale>) -> Option<Row> {
        let mut trials: Vec<Trial> = scales.map(|scale| Trial::new(scale, self.size)).collect();
        vectorized(
            #[inline(always)]
            || {
                self.first_guess(wanted, grid, &mut trials);
                self.improve(wanted, grid, &mut trials);
            },
        );
        let row = |trial: Trial| Row {
            error: trial.squared_error(),
            indices: trial.indices,
            exponent: trial.scale.exponent,
        };
        trials.into_iter().map(row).min_by(|a, b| a.error.total_cmp(&b.error))
    }

    #[inline(always)]
    fn first_guess(&self, wanted: &[f32], grid: &Grid, trials: &mut [Trial]) {
        for (k, &place) in self.order.iter().enumerate() {
            let column = &self.columns[k * self.size..][..k];
            for Trial { unit, indices, error, .. } in &mut *trials {
                let made_up = dot_f32(&error[..k], column);
                indices[place] = grid.nearest((wanted[place] - made_up) / *unit);
                error[k] = grid.value(indices[place]) * *unit - wanted[place];
            }
        }
    }

    /// Moves each weight to where it is best while the others stay.
    #[inline(always)]
    fn improve(&self, wanted: &[f32], grid: &Grid, trials: &mut [Trial]) {
        for Trial { unit, indices, error, .. } in &mut *trials {
            for ((error, &index), wanted) in error.iter_mut().zip(indices.iter()).zip(wanted) {
                *error = grid.value(index) * *unit - wanted;
            }
        }
        for k in 0..self.size {
            for trial in &mut *trials {
                trial.gradient[k] = dot_f32(self.row(k), &trial.error);
            }
        }
        for _ in 0..SWEEPS {
            for trial in &mut *trials {
                trial.settled = !std::mem::take(&mut trial.moved);
            }
            for (k, &wanted) in wanted.iter().enumerate() {
                for trial in trials.iter_mut().filter(|trial| !trial.settled) {
                    trial.step(k, self.row(k), wanted, grid);
                }
            }
        }
    }

    #[inline(always)]
    fn row(&self, k: usize) -> &[f32] {
        &self.matrix[k * self.size..(k + 1) * self.size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::round::nearest;
    use deepshift_core::{ShiftFormat, ShiftType};

    const SIZE: usize = 12;

    fn covariance() -> Square {
        let a =
            |row: usize, column: usize| ((row * 31 + column * 17 + row * column) % 23) as f64 / 23.0 - 0.4;
        Square::symmetric(SIZE, |row, column| (0..20).map(|k| a(row, k) * a(column, k)).sum())
    }

    fn grid() -> Grid {
        Grid::new(ShiftFormat::new(ShiftType::PS, 3).unwrap(), false)
    }

    fn wanted(seed: usize) -> Vec<f32> {
        (0..SIZE).map(|k| ((k * 7 + seed * 5) % 11) as f32 / 8.0 - 0.6).collect()
    }

    fn trial() -> Trial {
        Trial::new(Scale { exponent: 0, factor: 1.0 }, SIZE)
    }

    /// The inverse by solving for each unit vector.
    fn inverse(matrix: &Square) -> Vec<Vec<f64>> {
        let lower = matrix.cholesky().unwrap();
        let unit = |k: usize| {
            let mut x = vec![0.0; matrix.size];
            x[k] = 1.0;
            crate::matrix::solve(&lower, &mut x);
            x
        };
        (0..matrix.size).map(unit).collect()
    }

    /// Frantar's algorithm as published: the inverse is eliminated row by row and remaining weights are moved at once.
    fn gptq(matrix: &Square, order: &[usize], wanted: &[f32], grid: &Grid) -> Vec<usize> {
        let mut inverse = inverse(matrix);
        let mut weights: Vec<f64> = wanted.iter().map(|&w| f64::from(w)).collect();
        let mut indices = vec![0; wanted.len()];
        for (step, &k) in order.iter().enumerate() {
            indices[k] = grid.nearest(weights[k] as f32);
            let error = (weights[k] - f64::from(grid.value(indices[k]))) / inverse[k][k];
            let pivot = inverse[k].clone();
            for &j in &order[step + 1..] {
                weights[j] -= error * pivot[j];
                let factor = inverse[j][k] / pivot[k];
                (0..wanted.len()).for_each(|i| inverse[j][i] -= factor * pivot[i]);
            }
        }
        indices
    }

    fn error(matrix: &Square, wanted: &[f32], values: &[f32]) -> f64 {
        let e: Vec<f64> = values.iter().zip(wanted).map(|(v, w)| f64::from(v - w)).collect();
        (0..e.len()).map(|k| e[k] * crate::matrix::dot(matrix.row(k), &e)).sum()
    }

    #[test]
    fn the_first_guess_is_gptq() {
        let (matrix, grid) = (covariance().damped(0.1), grid());
        let quadratic = Quadratic::new(&covariance(), 0.1).unwrap();
        for seed in 0..11 {
            let wanted = wanted(seed);
            let expected = gptq(&matrix, &quadratic.order, &wanted, &grid);
            let mut trials = [trial()];
            quadratic.first_guess(&wanted, &grid, &mut trials);
            assert_eq!(trials[0].indices, expected, "{seed}");
        }
    }

    #[test]
    fn errors_are_what_they_say_and_below_those_of_rounding_alone() {
        let (matrix, grid) = (covariance().damped(0.1), grid());
        let quadratic = Quadratic::new(&covariance(), 0.1).unwrap();
        let (mut chosen, mut rounded) = (0.0, 0.0);
        for seed in 0..11 {
            let wanted = wanted(seed);
            let scale = Scale { exponent: 1, factor: 0.75 };
            let row = quadratic.choose(&wanted, &grid, [scale].into_iter()).unwrap();
            let values: Vec<f32> = row.indices.iter().map(|&index| grid.value(index) * 1.5).collect();
            let exact = error(&matrix, &wanted, &values);
            assert!((row.error - exact).abs() < 1e-3 * exact, "{} {exact}", row.error);
            chosen += exact;
            let row = nearest(&wanted.iter().map(|w| w / 1.5).collect::<Vec<f32>>(), &grid, &[0]);
            let values: Vec<f32> = row.indices.iter().map(|&index| grid.value(index) * 1.5).collect();
            rounded += error(&matrix, &wanted, &values);
        }
        assert!(chosen < 0.85 * rounded, "{chosen} {rounded}");
    }

    #[test]
    fn scales_do_not_touch_each_other_and_the_best_one_wins() {
        let grid = grid();
        let quadratic = Quadratic::new(&covariance(), 0.1).unwrap();
        for seed in 0..11 {
            let scales = [(0, 1.0), (-1, 1.5), (1, 0.6)].map(|(exponent, factor)| Scale { exponent, factor });
            let choose =
                |scales: &[Scale]| quadratic.choose(&wanted(seed), &grid, scales.iter().copied()).unwrap();
            let alone = scales.map(|scale| choose(&[scale]));
            let best = alone.iter().min_by(|a, b| a.error.total_cmp(&b.error)).unwrap();
            assert_eq!(choose(&scales), *best);
        }
    }

    #[test]
    fn moving_single_weights_only_helps() {
        let (matrix, grid) = (covariance().damped(0.1), grid());
        let quadratic = Quadratic::new(&covariance(), 0.1).unwrap();
        for seed in 0..11 {
            let wanted = wanted(seed);
            let mut trials = [trial()];
            quadratic.first_guess(&wanted, &grid, &mut trials);
            let error = |trials: &[Trial]| {
                let values = trials[0].indices.iter().map(|&index| grid.value(index));
                error(&matrix, &wanted, &values.collect::<Vec<f32>>())
            };
            let before = error(&trials);
            quadratic.improve(&wanted, &grid, &mut trials);
            assert!(error(&trials) <= before);
        }
    }

    #[test]
    fn inputs_that_never_vary_have_no_quadratic() {
        assert!(Quadratic::new(&Square::zeros(4), 0.0).is_none());
    }
}
