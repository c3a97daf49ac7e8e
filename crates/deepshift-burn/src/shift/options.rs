//! What both shift layers are told about their arithmetic.

use burn::config::Config;
use deepshift_core::mix;

/// How a weight is trained. A file knows only the codes that come out of it, see [`codes`](Self::codes).
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum ShiftType {
    /// A real weight that is rounded in forward; no zero.
    Q,
    /// A real shift and a real sign, rounded in forward; has a zero.
    PS,
    /// A real sign and, for each step of the exponent, a real variable that is there or not by its sign; no zero
    /// (Li et al., "DenseShift", ICCV 2023).
    DenseShift,
}

impl ShiftType {
    /// The type of the codes in which such weights are packed.
    pub fn codes(self) -> deepshift_core::ShiftType {
        match self {
            Self::Q | Self::DenseShift => deepshift_core::ShiftType::Q,
            Self::PS => deepshift_core::ShiftType::PS,
        }
    }
}

/// How `shift`, `sign` and `log2 |weight|` become integers. Type DenseShift has nothing to round.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest integer, ties to even.
    Deterministic,
    /// `floor(x) + Bernoulli(x - floor(x))`, drawn from the noise seed of the layer.
    Stochastic,
}

/// The arithmetic of a shift layer.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub struct ShiftOptions {
    /// How the weights are parametrized.
    pub shift_type: ShiftType,
    /// Bits of a weight, the sign included: 2 to 8.
    #[config(default = 5)]
    pub weight_bits: u32,
    /// Integer bits (with the sign) and fraction bits of rounded inputs and biases.
    #[config(default = "[16, 16]")]
    pub activation_bits: [u32; 2],
    /// How the weights are rounded in training.
    #[config(default = "Rounding::Deterministic")]
    pub rounding: Rounding,
    /// Keeps the `sign` of types PS and DenseShift as it is initialized; type Q has no such parameter.
    #[config(default = false)]
    pub freeze_sign: bool,
}

impl ShiftOptions {
    /// The exponent of the smallest weight: `-(2^(b-1) - 1)` for types Q and DenseShift, `-(2^(b-1) - 2)` for type PS,
    /// whose zero takes one code. The largest weight is 1.
    pub fn lowest_exponent(&self) -> i32 {
        let codes = 1 << (self.weight_bits - 1);
        match self.shift_type {
            ShiftType::Q | ShiftType::DenseShift => 1 - codes,
            ShiftType::PS => 2 - codes,
        }
    }

    /// The variables that a weight's exponent has in type DenseShift, one for each step.
    pub(super) fn scales(&self) -> usize {
        self.lowest_exponent().unsigned_abs() as usize
    }

    /// # Panics
    ///
    /// When a number of bits is out of its range.
    pub(super) fn check(&self) {
        let [integer, fraction] = self.activation_bits;
        assert!((2..=8).contains(&self.weight_bits), "weight_bits is {}, not 2 to 8", self.weight_bits);
        assert!((1..=64).contains(&integer), "activation_bits has {integer} integer bits, not 1 to 64");
        assert!(fraction <= 64, "activation_bits has {fraction} fraction bits, more than 64");
    }
}

/// A noise seed for stochastic rounding that is different for every forward pass and layer of a training run.
///
/// It depends on nothing else, so that a resumed run draws what an uninterrupted one would have drawn.
pub fn noise_seed(training_seed: u64, pass: u64, layer: u64) -> u64 {
    mix(mix(mix(training_seed) ^ pass) ^ layer)
}

/// A uniform number in `[0, 1)` with 24 random bits, number `index` of the stream `seed`.
pub(crate) fn uniform(seed: u64, index: u64) -> f32 {
    (mix(seed.wrapping_add(mix(index))) >> 40) as f32 * (1.0 / (1u32 << 24) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_by_type_and_bits() {
        let lowest =
            |shift_type, bits| ShiftOptions::new(shift_type).with_weight_bits(bits).lowest_exponent();
        assert_eq!([2, 5, 8].map(|bits| lowest(ShiftType::Q, bits)), [-1, -15, -127]);
        assert_eq!([2, 5, 8].map(|bits| lowest(ShiftType::PS, bits)), [0, -14, -126]);
        assert_eq!([2, 5, 8].map(|bits| lowest(ShiftType::DenseShift, bits)), [-1, -15, -127]);
    }

    #[test]
    fn exponents_are_those_of_the_codes() {
        for shift_type in [ShiftType::Q, ShiftType::PS, ShiftType::DenseShift] {
            for bits in 2..=8 {
                let format = deepshift_core::ShiftFormat::new(shift_type.codes(), bits).unwrap();
                let options = ShiftOptions::new(shift_type).with_weight_bits(bits.into());
                assert_eq!(options.lowest_exponent(), -i32::from(format.kmax()));
            }
        }
    }

    #[test]
    fn uniform_numbers_fill_the_unit_interval() {
        let numbers: Vec<f32> = (0..100_000).map(|index| uniform(7, index)).collect();
        let mean = numbers.iter().map(|&u| f64::from(u)).sum::<f64>() / numbers.len() as f64;
        assert!(numbers.iter().all(|u| (0.0..1.0).contains(u)));
        assert!((mean - 0.5).abs() < 0.005, "mean {mean}");
    }

    #[test]
    fn every_pass_and_layer_has_its_own_seed() {
        let mut seeds: Vec<u64> = (0..10_000).map(|i| noise_seed(i / 1000, i / 10 % 100, i % 10)).collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 10_000);
    }
}
