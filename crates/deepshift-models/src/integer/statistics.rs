//! The fixed-point format of a node from the values that calibration pictures give.

use deepshift_core::FixedPoint;
use deepshift_core::round::exp2;

const LOWEST: i32 = -12;
const HIGHEST: i32 = 16;
const CANDIDATES: usize = (HIGHEST - LOWEST + 1) as usize;
/// Values of one observation that are looked at; a picture's neighbours resemble each other.
const SAMPLE: usize = 2048;
/// The same for each channel where channels are looked at one by one.
const CHANNEL_SAMPLE: usize = 64;
/// From one of these to the next, modulo the number of values: a prime, so that no channel is left out.
const STRIDE: usize = 1_000_003;
/// The golden ratio of the numbers of 32 bits: its multiples are spread evenly over them, however many are taken.
const GOLDEN: u32 = 0x9E37_79B9;

/// Squared quantization error of each candidate number of fraction bits.
#[derive(Debug, Clone)]
pub struct ActivationStatistics {
    errors: [f64; CANDIDATES],
    largest: f32,
}

impl Default for ActivationStatistics {
    fn default() -> Self {
        Self { errors: [0.0; CANDIDATES], largest: 0.0 }
    }
}

impl ActivationStatistics {
    /// Takes in a node's values; of long lists a sample from everywhere.
    #[inline(always)]
    pub fn observe(&mut self, values: &[f32]) {
        let count = values.len();
        self.take((0..count.min(SAMPLE)).map(|place| values[place * STRIDE % count]));
    }

    /// Takes in the values of a node whose channels lie side by side, each channel's into its own statistics.
    #[inline(always)]
    pub fn observe_channels(channels: &mut [Self], values: &[f32]) {
        let count = channels.len();
        let pixels = values.len() / count.max(1);
        let pixel = |place: usize| match pixels <= CHANNEL_SAMPLE {
            true => place,
            false => {
                let of_all = u64::from((place as u32).wrapping_mul(GOLDEN));
                ((of_all * pixels as u64) >> 32) as usize
            }
        };
        for (channel, statistics) in channels.iter_mut().enumerate() {
            let places = (0..pixels.min(CHANNEL_SAMPLE)).map(pixel);
            statistics.take(places.map(|pixel| values[pixel * count + channel]));
        }
    }

    #[inline(always)]
    fn take(&mut self, values: impl Iterator<Item = f32>) {
        let roundings: [Rounding; CANDIDATES] =
            std::array::from_fn(|index| Rounding::new(LOWEST + index as i32));
        for value in values {
            self.largest = self.largest.max(value.abs());
            for (error, rounding) in self.errors.iter_mut().zip(&roundings) {
                let difference = f64::from(rounding.round(value) - value);
                *error += difference * difference;
            }
        }
    }

    /// Takes in what another one has seen.
    pub fn merge(&mut self, other: &Self) {
        self.largest = self.largest.max(other.largest);
        for (error, other) in self.errors.iter_mut().zip(&other.errors) {
            *error += other;
        }
    }

    /// The fraction bits whose signed 8-bit format has the least squared error; among equals the most.
    pub fn fraction_bits(&self) -> i32 {
        let mut best = (f64::INFINITY, HIGHEST);
        for (&error, fraction_bits) in self.errors.iter().zip(LOWEST..) {
            if error <= best.0 {
                best = (error, fraction_bits);
            }
        }
        best.1
    }

    /// Largest magnitude seen.
    pub fn largest(&self) -> f32 {
        self.largest
    }
}

/// Rounding to a signed 8-bit format and back, without the calls that [`FixedPoint::quantize`] takes.
struct Rounding {
    scale: f32,
    step: f32,
    lowest: f32,
    highest: f32,
}

/// Adding it leaves an f32 of small magnitude no bits for a fraction.
const NO_FRACTION: f32 = 1.5 * (1 << 23) as f32;

impl Rounding {
    fn new(fraction_bits: i32) -> Self {
        let format = FixedPoint::signed_8(fraction_bits);
        Self {
            scale: exp2(fraction_bits),
            step: exp2(-fraction_bits),
            lowest: format.lowest as f32,
            highest: format.highest as f32,
        }
    }

    #[inline(always)]
    fn round(&self, x: f32) -> f32 {
        let q = (x * self.scale).clamp(self.lowest, self.highest);
        (q + NO_FRACTION - NO_FRACTION) * self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_that_of_the_format() {
        for fraction_bits in LOWEST..=HIGHEST {
            let (format, rounding) = (FixedPoint::signed_8(fraction_bits), Rounding::new(fraction_bits));
            for i in -3000..3000 {
                let x = i as f32 * 0.0625 * format.value(1);
                assert_eq!(rounding.round(x), format.value(format.quantize(x)), "{fraction_bits} {x}");
            }
        }
    }

    #[test]
    fn the_sample_leaves_out_no_channel() {
        for (channels, pixels) in
            [(16, 55 * 55), (32, 112 * 112), (3, 224 * 224), (1280, 49), (1000, 13 * 13)]
        {
            for channel in 0..channels.min(100) {
                let mut statistics = ActivationStatistics::default();
                let values: Vec<f32> =
                    (0..channels * pixels).map(|at| f32::from(u8::from(at % channels == channel))).collect();
                statistics.observe(&values);
                assert_eq!(statistics.largest(), 1.0, "{channel} of {channels}");
            }
        }
    }

    #[test]
    fn the_sample_of_a_channel_is_spread_over_its_pixels() {
        for pixels in [1, 9, 64, 65, 40 * 40, 100 * 100, 111 * 111, 200 * 200] {
            // The first channel is largest in the first quarter of the pixels, and so on.
            let quarter = |pixel: usize| pixel * 4 / pixels;
            let value = |at: usize| if quarter(at / 4) == at % 4 { 1.0 } else { 0.01 };
            let values: Vec<f32> = (0..4 * pixels).map(value).collect();
            let mut channels = vec![ActivationStatistics::default(); 4];
            ActivationStatistics::observe_channels(&mut channels, &values);
            let seen = channels.iter().filter(|channel| channel.largest() == 1.0).count();
            assert_eq!(seen, pixels.min(4), "{pixels} pixels");
        }
    }

    #[test]
    fn the_range_decides_and_rare_outliers_do_not() {
        let mut statistics = ActivationStatistics::default();
        let values: Vec<f32> = (0..1000).map(|i| i as f32 / 1000.0 * 3.9).collect();
        statistics.observe(&values);
        assert_eq!(statistics.fraction_bits(), 5);
        statistics.observe(&[4.1]);
        assert_eq!(statistics.fraction_bits(), 5);
        assert_eq!(statistics.largest(), 4.1);
        for _ in 0..100 {
            statistics.observe(&[-100.0]);
        }
        assert_eq!(statistics.fraction_bits(), 0);
    }
}
