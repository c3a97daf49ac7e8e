//! The operations on Burn's CPU backend.

use crate::parallel::*;
use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use deepshift_core::round::round_to_fixed;

use crate::flex::values;
use crate::memory;

use super::ShiftOps;
use super::rounding::{FixedPoint, clamp, exp2, exponent, floor, round_ties_even};
use crate::shift::options::uniform;
use deepshift_core::mix;

/// Values that one task works on.
pub(super) const TASK: usize = 1 << 14;

impl ShiftOps for Flex {
    fn quantize_weight(weight: FlexTensor, lowest_exponent: i32, noise: Option<u64>) -> FlexTensor {
        let smallest = deepshift_core::round::exp2(lowest_exponent);
        match noise {
            None => map(weight, |w| quantize(w, smallest, exponent)),
            Some(seed) => map_indexed(weight, |index, w| {
                quantize(w, smallest, |magnitude| {
                    round_stochastic(magnitude.log2(), uniform(seed, index)) as i32
                })
            }),
        }
    }

    fn compose_weight(
        shift: FlexTensor,
        sign: FlexTensor,
        lowest_exponent: i32,
        noise: Option<u64>,
    ) -> FlexTensor {
        let lowest = lowest_exponent as f32;
        match noise {
            None => zip(shift, sign, |shift, sign| {
                compose(round_ties_even(clamp(shift, lowest, 0.0)), round_ties_even(sign))
            }),
            Some(seed) => zip_indexed(shift, sign, |index, shift, sign| {
                compose(
                    round_stochastic(clamp(shift, lowest, 0.0), uniform(seed, index)),
                    round_stochastic(sign, uniform(mix(seed), index)),
                )
            }),
        }
    }

    fn fixed_point(input: FlexTensor, integer_bits: u32, fraction_bits: u32) -> FlexTensor {
        if integer_bits == 1 {
            return map(input, |x| round_to_fixed(x, integer_bits, fraction_bits));
        }
        let fixed = FixedPoint::new(integer_bits, fraction_bits);
        map(input, |x| fixed.round(x))
    }
}

/// `sign(w) * 2^exponent(|w|)` with `|w|` clamped to `[smallest, 1]`; zero and NaN stay what they are.
fn quantize(weight: f32, smallest: f32, exponent: impl Fn(f32) -> i32) -> f32 {
    if weight == 0.0 || weight.is_nan() {
        return weight;
    }
    let exponent = exponent(weight.abs().clamp(smallest, 1.0));
    // The smallest weight of 8 bits is not a normal number.
    let power = if exponent < -126 { smallest } else { exp2(exponent as f32) };
    power.copysign(weight)
}

/// `2^shift * sign(sign)` of integral numbers; NaN in either gives NaN.
fn compose(shift: f32, sign: f32) -> f32 {
    let power = if sign == 0.0 { 0.0 } else { exp2(shift).copysign(sign) };
    if shift.is_nan() || sign.is_nan() { f32::NAN } else { power }
}

/// `floor(x)`, or one more with probability `x - floor(x)`, for a uniform number in `[0, 1)`.
fn round_stochastic(x: f32, uniform: f32) -> f32 {
    let floor = floor(x);
    if uniform < x - floor { floor + 1.0 } else { floor }
}

/// `function` of the value of each element.
fn map(tensor: FlexTensor, function: impl Fn(f32) -> f32 + Sync) -> FlexTensor {
    let tensor = tensor.to_contiguous();
    fill(&tensor, |start, output| {
        let input = &values(&tensor)[start..][..output.len()];
        output.iter_mut().zip(input).for_each(|(output, &x)| *output = function(x));
    })
}

/// `function` of the index and the value of each element.
fn map_indexed(tensor: FlexTensor, function: impl Fn(u64, f32) -> f32 + Sync) -> FlexTensor {
    let tensor = tensor.to_contiguous();
    fill(&tensor, |start, output| {
        let input = (start as u64..).zip(&values(&tensor)[start..]);
        output.iter_mut().zip(input).for_each(|(output, (index, &x))| *output = function(index, x));
    })
}

/// `function` of the two values of each element of tensors of one shape.
fn zip(left: FlexTensor, right: FlexTensor, function: impl Fn(f32, f32) -> f32 + Sync) -> FlexTensor {
    let (left, right) = (left.to_contiguous(), right.to_contiguous());
    fill(&left, |start, output| {
        let left = &values(&left)[start..][..output.len()];
        let right = &values(&right)[start..][..output.len()];
        let pairs = left.iter().zip(right);
        output.iter_mut().zip(pairs).for_each(|(output, (&x, &y))| *output = function(x, y));
    })
}

/// `function` of the index and the two values of each element of tensors of one shape.
fn zip_indexed(
    left: FlexTensor,
    right: FlexTensor,
    function: impl Fn(u64, f32, f32) -> f32 + Sync,
) -> FlexTensor {
    let (left, right) = (left.to_contiguous(), right.to_contiguous());
    fill(&left, |start, output| {
        let pairs = values(&left)[start..].iter().zip(&values(&right)[start..]);
        let input = (start as u64..).zip(pairs);
        output.iter_mut().zip(input).for_each(|(output, (index, (&x, &y)))| *output = function(index, x, y));
    })
}

/// A tensor of the shape of `like`, filled in pieces by `task`, which gets the index of a piece's first element.
fn fill(like: &FlexTensor, task: impl Fn(usize, &mut [f32]) + Sync) -> FlexTensor {
    let mut output = memory::buffer(like.shape().num_elements());
    let pieces = output.par_chunks_mut(TASK).enumerate();
    pieces.for_each(|(piece, output)| task(piece * TASK, output));
    FlexTensor::from_data(TensorData::new(output, like.shape()))
}

#[cfg(test)]
mod tests {
    use deepshift_core::round::round_log2;

    use super::*;

    #[test]
    fn what_is_no_number_stays_none() {
        assert!(quantize(f32::NAN, 0.5, round_log2).is_nan());
        assert!(compose(f32::NAN, 1.0).is_nan());
        assert!(compose(0.0, f32::NAN).is_nan());
        assert_eq!(quantize(0.0, 0.5, round_log2), 0.0);
    }

    #[test]
    fn stochastic_rounding_keeps_integers() {
        for uniform in [0.0, 0.5, 0.999] {
            assert_eq!([-3.0, 0.0, 2.0].map(|x| round_stochastic(x, uniform)), [-3.0, 0.0, 2.0]);
        }
    }
}
