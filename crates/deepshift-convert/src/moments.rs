//! What a layer sees and what it should give, as first and second moments.

use crate::matrix::{Square, dot};
use deepshift_cpu::gram;

/// Sums over samples: `x` are the patches that a group of the layer's channels sees in the converted network, `y` what these
/// channels give in the float network.
pub(crate) struct Sums {
    samples: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    /// `sum x x'`, up to the diagonal.
    xx: Square,
    /// `sum y x'`, row after row.
    yx: Vec<f64>,
    yy: Vec<f64>,
}

/// Means and covariances.
pub(crate) struct Moments {
    pub samples: f64,
    pub mean_x: Vec<f64>,
    pub mean_y: Vec<f64>,
    /// Of x.
    pub covariance: Square,
    /// Of y with x, row after row.
    pub cross: Vec<f64>,
    pub variance_y: Vec<f64>,
}

/// `gain * output + shift`, for one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Affine {
    pub gain: f64,
    pub shift: f64,
}

impl Affine {
    /// The same for outputs that are all larger by `offset`, before and after.
    pub fn around(self, offset: f64) -> Self {
        Self { shift: self.shift + offset * (1.0 - self.gain), ..self }
    }
}

impl Sums {
    pub fn new(fan_in: usize, channels: usize) -> Self {
        Self {
            samples: 0.0,
            x: vec![0.0; fan_in],
            y: vec![0.0; channels],
            xx: Square::zeros(fan_in),
            yx: vec![0.0; channels * fan_in],
            yy: vec![0.0; channels],
        }
    }

    /// Takes in samples, one after the other in `x` and in `y`.
    pub fn add(&mut self, x: &[f32], y: &[f32]) {
        let (fan_in, channels) = (self.x.len(), self.y.len());
        self.samples += (x.len() / fan_in) as f64;
        x.chunks_exact(fan_in).for_each(|x| add(&mut self.x, x));
        for y in y.chunks_exact(channels) {
            add(&mut self.y, y);
            self.yy.iter_mut().zip(y).for_each(|(sum, &y)| *sum += f64::from(y) * f64::from(y));
        }
        add(&mut self.xx.values, &gram(x, x, [fan_in, fan_in], true));
        add(&mut self.yx, &gram(y, x, [channels, fan_in], false));
    }

    pub fn moments(self) -> Moments {
        let n = self.samples.max(1.0);
        let mean = |sums: &[f64]| sums.iter().map(|sum| sum / n).collect::<Vec<f64>>();
        let (mean_x, mean_y) = (mean(&self.x), mean(&self.y));
        let covariance = Square::symmetric(mean_x.len(), |row, column| {
            let value = self.xx.row(row)[column] / n - mean_x[row] * mean_x[column];
            // Rounding must not make a constant input's variance negative.
            if row == column { value.max(0.0) } else { value }
        });
        let cross = self.yx.chunks_exact(mean_x.len()).zip(&mean_y).flat_map(|(sums, mean_y)| {
            sums.iter().zip(&mean_x).map(move |(sum, mean_x)| sum / n - mean_x * mean_y)
        });
        let cross = cross.collect();
        let variance = self.yy.iter().zip(&mean_y).map(|(sum, mean)| (sum / n - mean * mean).max(0.0));
        let variance_y = variance.collect();
        Moments { samples: n, mean_x, mean_y, covariance, cross, variance_y }
    }
}

impl Moments {
    /// What gives the output of a channel with these weights the mean of its `y`, and with `free_gain` also its variance;
    /// and the squared error that is left, in variances of `y`.
    pub fn fit(&self, channel: usize, weights: &[f64], free_gain: bool) -> (Affine, f64) {
        let size = weights.len();
        let cross = dot(weights, &self.cross[channel * size..(channel + 1) * size]);
        let variance = (0..size).map(|k| weights[k] * dot(self.covariance.row(k), weights)).sum::<f64>();
        let wanted = self.variance_y[channel];
        let gain = (wanted / variance).sqrt();
        let gain = if free_gain && gain <= MOST_GAIN { gain.max(LEAST_GAIN) } else { 1.0 };
        let shift = self.mean_y[channel] - gain * dot(weights, &self.mean_x);
        let left = (wanted - 2.0 * gain * cross + gain * gain * variance) / wanted;
        (Affine { gain, shift }, if wanted > 0.0 { left.max(0.0) } else { 0.0 })
    }
}

/// Above, next to nothing reaches the channel and there is nothing to set right.
const MOST_GAIN: f64 = 1e3;
/// Below, next to nothing leaves it, and its statistics would leave the range of numbers.
pub(crate) const LEAST_GAIN: f64 = 1e-6;

fn add(sums: &mut [f64], values: &[f32]) {
    sums.iter_mut().zip(values).for_each(|(sum, &value)| *sum += f64::from(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES: usize = 50;

    fn samples() -> (Vec<f32>, Vec<f32>) {
        let x: Vec<f32> = (0..SAMPLES * 3).map(|i| ((i * i * 7 + i) % 29) as f32 / 9.0 + 1.0).collect();
        let y = x.chunks(3).map(|x| 2.0 * x[0] - x[1] + 0.3 * x[2] + 0.1 * (x[0] * x[2]).sin() - 4.0);
        (x.clone(), y.collect())
    }

    fn moments() -> Moments {
        let (x, y) = samples();
        let mut sums = Sums::new(3, 1);
        sums.add(&x[..60], &y[..20]);
        sums.add(&x[60..], &y[20..]);
        sums.moments()
    }

    fn mean_and_variance(values: &[f64]) -> [f64; 2] {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        [mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64]
    }

    fn outputs(weights: [f64; 3], affine: Affine) -> Vec<f64> {
        let (x, _) = samples();
        let output = |x: &[f32]| weights.iter().zip(x).map(|(w, &x)| w * f64::from(x)).sum::<f64>();
        x.chunks(3).map(|x| affine.gain * output(x) + affine.shift).collect()
    }

    #[test]
    fn a_fit_has_the_mean_and_the_variance_that_are_wanted() {
        let weights = [1.5, -1.0, 0.5];
        let (affine, left) = moments().fit(0, &weights, true);
        let got = outputs(weights, affine);
        let wanted: Vec<f64> = samples().1.into_iter().map(f64::from).collect();
        let ([mean, variance], [wanted_mean, wanted_variance]) =
            (mean_and_variance(&got), mean_and_variance(&wanted));
        assert!((mean - wanted_mean).abs() < 1e-5 && (variance - wanted_variance).abs() < 1e-5);
        let squares = got.iter().zip(&wanted).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / SAMPLES as f64;
        assert!((left - squares / wanted_variance).abs() < 1e-5, "{left}");
    }

    #[test]
    fn without_a_free_gain_only_the_mean_is_set_right() {
        let weights = [1.5, -1.0, 0.5];
        let (affine, _) = moments().fit(0, &weights, false);
        assert_eq!(affine.gain, 1.0);
        let wanted: Vec<f64> = samples().1.into_iter().map(f64::from).collect();
        let mean = mean_and_variance(&outputs(weights, affine))[0];
        assert!((mean - mean_and_variance(&wanted)[0]).abs() < 1e-5);
    }

    #[test]
    fn what_gives_nothing_is_left_alone() {
        let (affine, _) = moments().fit(0, &[0.0; 3], true);
        assert_eq!(affine.gain, 1.0);
        let mut sums = Sums::new(2, 1);
        sums.add(&[3.0, 4.0], &[5.0]);
        let one = sums.moments();
        assert_eq!(one.covariance, Square::zeros(2));
        assert_eq!(one.fit(0, &[1.0, 0.0], true), (Affine { gain: 1.0, shift: 2.0 }, 0.0));
    }

    #[test]
    fn an_offset_before_and_after() {
        let affine = Affine { gain: 2.0, shift: 1.0 };
        let around = affine.around(3.0);
        // With y' = y + 3 and x' = x + 3 of y = 2 x + 1.
        assert_eq!(around.gain * (5.0 + 3.0) + around.shift, 2.0 * 5.0 + 1.0 + 3.0);
    }
}
