//! Pillow's resampling of bytes: separable, rows first, with weights in fixed point. (From version 13 on Pillow does some tall
//! pictures' columns first, which moves a few bytes by one.)

use super::Interpolation;
use std::ops::Range;

/// Bits after the point of a weight, so that the sum over any window of bytes fits an i32.
pub const PRECISION: u32 = 22;

/// How the pixels of one axis become those of the resized picture.
pub struct Axis {
    taps: Vec<Taps>,
}

/// The pixels that one pixel of the result is made of: it is the sum of weights times pixels plus
/// `2^(PRECISION - 1)`, shifted right by [`PRECISION`] and limited to a byte.
pub struct Taps {
    /// The first pixel.
    pub first: usize,
    /// Its weight, the next one's and so on.
    pub weights: Vec<i32>,
}

impl Axis {
    /// Pixels `wanted` of `size` ones resized to `resized`.
    pub fn new(size: usize, resized: u64, wanted: Range<usize>, interpolation: Interpolation) -> Self {
        let scale = size as f64 / resized as f64;
        Self { taps: wanted.map(|index| Taps::new(size, index, scale, interpolation)).collect() }
    }

    /// One for each pixel of the result.
    pub fn taps(&self) -> &[Taps] {
        &self.taps
    }

    /// All pixels that matter.
    pub fn seen(&self) -> Range<usize> {
        let first = self.taps.iter().map(|taps| taps.first).min().unwrap_or(0);
        first..self.taps.iter().map(Taps::end).max().unwrap_or(first)
    }

    /// Rows of `width` bytes, resized along this axis.
    pub fn rows(&self, plane: &[u8], width: usize) -> Vec<u8> {
        let rows = plane.chunks_exact(width);
        rows.flat_map(|row| self.taps.iter().map(|taps| taps.apply(|pixel| row[pixel]))).collect()
    }

    /// Columns of rows of `width` bytes, the first of which is the first that is [`seen`](Self::seen).
    pub fn columns(&self, plane: &[u8], width: usize) -> Vec<u8> {
        let start = self.seen().start;
        let taps = self.taps.iter();
        taps.flat_map(|taps| (0..width).map(|column| taps.apply(|row| plane[(row - start) * width + column])))
            .collect()
    }
}

impl Taps {
    fn new(size: usize, index: usize, scale: f64, interpolation: Interpolation) -> Self {
        // A picture that shrinks is smoothed: the filter grows with the distance of the result's pixels.
        let stretch = scale.max(1.0);
        let reach = interpolation.reach() * stretch;
        let center = (index as f64 + 0.5) * scale;
        // `as` is 0 for what is negative.
        let first = (center - reach + 0.5) as usize;
        let end = ((center + reach + 0.5) as usize).min(size);
        let at = |pixel: usize| interpolation.weight((pixel as f64 - center + 0.5) / stretch);
        let weights: Vec<f64> = (first..end).map(at).collect();
        let total: f64 = weights.iter().sum();
        let weights = weights.iter().map(|weight| fixed(weight / total)).collect();
        Self { first, weights }
    }

    /// The pixel after the last.
    pub fn end(&self) -> usize {
        self.first + self.weights.len()
    }

    #[inline(always)]
    fn apply(&self, byte: impl Fn(usize) -> u8) -> u8 {
        let mut sum = 1i32 << (PRECISION - 1);
        for (offset, weight) in self.weights.iter().enumerate() {
            sum = sum.wrapping_add(weight.wrapping_mul(i32::from(byte(self.first + offset))));
        }
        (sum >> PRECISION).clamp(0, 255) as u8
    }
}

/// The nearest fixed-point number, halves away from zero.
fn fixed(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << PRECISION);
    (if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

impl Interpolation {
    /// Half the filter's width, in pixels of the larger picture.
    fn reach(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, distance: f64) -> f64 {
        const A: f64 = -0.5;
        let x = distance.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}
