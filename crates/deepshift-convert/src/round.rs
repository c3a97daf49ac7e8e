//! Weights on the grid without looking at what they do.

use crate::convert::Options;
use crate::{Error, Result};
use deepshift_core::round::round_log2;
use deepshift_core::{Grid, Model, OutOfRange, ShiftWeight};
use rayon::prelude::*;

/// The weights of one channel on the grid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Of the grid's values.
    pub indices: Vec<usize>,
    /// The channel's exponent.
    pub exponent: i32,
    /// By which rows of the same channel are compared.
    pub error: f64,
}

/// A layer's weight, each by itself: as the paper rounds it, or else, with channel exponents or two terms, to the nearest.
pub(crate) fn rounded(model: &Model, layer: &str, options: &Options) -> Result<ShiftWeight> {
    let name = format!("{layer}.weight");
    let tensor = model.tensors.get(&name).ok_or_else(|| Error::BadArgument(format!("there is no {name}")))?;
    let (shape, values) = (tensor.shape().to_vec(), tensor.values());
    let format = options.conversion.format;
    if !options.two_terms && !options.channel_exponents {
        return Ok(ShiftWeight::from_values(shape, format, &values)?.0);
    }
    let grid = Grid::new(format, options.two_terms);
    let fan_in = values.len() / shape[0].max(1);
    let rows = values.par_chunks(fan_in.max(1)).map(|row| nearest(row, &grid, &exponents(row, options)));
    Ok(pack(shape, &grid, rows.collect(), options))
}

/// How many weights the codes do not reach; `None` with channel exponents, which reach all.
pub(crate) fn out_of_range(values: &[f32], options: &Options) -> Option<OutOfRange> {
    let of = || OutOfRange::of(values, options.conversion.format, options.two_terms);
    (!options.channel_exponents).then(of)
}

/// Each weight of a channel to the nearest, with that of these exponents that gives the least squared error.
pub(crate) fn nearest(weights: &[f32], grid: &Grid, exponents: &[i32]) -> Row {
    let with = |&exponent: &i32| {
        let scale = (exponent as f32).exp2();
        let indices: Vec<usize> = weights.iter().map(|&x| grid.nearest(x / scale)).collect();
        let error = |(&index, &x): (&usize, &f32)| f64::from(grid.value(index) * scale - x).powi(2);
        let error = indices.iter().zip(weights).map(error).sum();
        Row { indices, exponent, error }
    };
    let rows = exponents.iter().map(with);
    rows.min_by(|a, b| a.error.total_cmp(&b.error)).unwrap_or_else(|| with(&0))
}

/// Exponents that a channel of these weights may get.
pub(crate) fn exponents(weights: &[f32], options: &Options) -> Vec<i32> {
    if options.channel_exponents { powers(weights, options.two_terms).to_vec() } else { vec![0] }
}

/// Powers of two worth trying as the scale of a channel of these weights.
pub(crate) fn powers(weights: &[f32], two_terms: bool) -> [i32; 3] {
    let largest = weights.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
    // A channel of zeros gets weights that are as good as zero.
    let middle = round_log2(largest).clamp(-100, 100) - i32::from(two_terms);
    [middle, middle + 1, middle - 1]
}

/// The rows of a layer as one weight.
pub(crate) fn pack(shape: Vec<usize>, grid: &Grid, rows: Vec<Row>, options: &Options) -> ShiftWeight {
    let exponents = options.channel_exponents.then(|| rows.iter().map(|row| row.exponent as i8).collect());
    let indices: Vec<usize> = rows.into_iter().flat_map(|row| row.indices).collect();
    grid.pack(shape, &indices, exponents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_surround_the_largest_weight() {
        assert_eq!(powers(&[0.1, -0.26], false), [-2, -1, -3]);
        assert_eq!(powers(&[0.1, -0.26], true), [-3, -2, -4]);
        assert_eq!(powers(&[0.0], false), [-100, -99, -101]);
    }
}
