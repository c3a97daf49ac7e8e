//! Rounding with straight-through gradients.

use crate::shift::uniform;
use burn::tensor::{Tensor, TensorData};
use deepshift_core::mix;
use deepshift_core::round::{exp2, round_log2};
use std::f32::consts::LN_2;

/// As the kernel of this name, to the bit where rounding is deterministic: comparisons find the exponent, so that no
/// logarithm of the device decides.
pub(crate) fn quantize_weight<const D: usize>(
    weight: Tensor<D>,
    lowest_exponent: i32,
    noise: Option<u64>,
) -> Tensor<D> {
    let given = weight.clone().detach();
    let magnitude = given.clone().abs();
    let power = match noise {
        None => doublings(magnitude, lowest_exponent, smallest_of_exponent),
        Some(seed) => {
            let logarithm = magnitude.clamp(exp2(lowest_exponent), 1.0).log().div_scalar(LN_2);
            power_of_two(round_stochastic(logarithm, seed), lowest_exponent)
        }
    };
    straight_through(power * given.sign(), weight)
}

/// As the kernel of this name; with the gradient `g` of the weight, that of `sign` is `g` and that of `shift` is
/// `g * weight * ln 2`.
pub(crate) fn compose_weight<const D: usize>(
    shift: Tensor<D>,
    sign: Tensor<D>,
    lowest_exponent: i32,
    noise: Option<u64>,
) -> Tensor<D> {
    let exponent = shift.clone().detach().clamp(lowest_exponent, 0);
    let given = sign.clone().detach();
    let [exponent, rounded] = match noise {
        None => [exponent.round(), given.round()],
        Some(seed) => [round_stochastic(exponent, seed), round_stochastic(given, mix(seed))],
    };
    let weight = power_of_two(exponent, lowest_exponent) * rounded.sign();
    let of_shift = (shift.clone() - shift.detach()) * weight.clone().mul_scalar(LN_2);
    straight_through(weight, sign) + of_shift
}

/// As the kernel of this name, to the bit; Burn finds the gradients.
pub(crate) fn sign_scale_weight<const D: usize, const S: usize>(
    sign: Tensor<D>,
    scale: Tensor<S>,
) -> Tensor<D> {
    let shape = sign.shape();
    let count = scale.dims()[0];
    let lowest = -(count as i32);
    let given = sign.clone().detach();
    let steps = (0..count).fold(given.zeros_like(), |steps, row| {
        let row: Tensor<D> = scale.clone().narrow(0, row, 1).reshape(shape.clone());
        steps.add_scalar(1.0) * straight_through(row.clone().detach().greater_elem(0.0).float(), row)
    });
    let sign = straight_through(given.lower_elem(0.0).float().mul_scalar(-2.0).add_scalar(1.0), sign);
    let exponent = steps.clone().detach().add_scalar(lowest);
    let weight = power_of_two(exponent, lowest) * sign.clone().detach();
    straight_through(weight, sign * steps.add_scalar(1.0).sqrt().mul_scalar(exp2(lowest)))
}

/// As the kernel of this name, for two or more integer bits; with one the original's function is `sign(x) - 1`.
pub(crate) fn fixed_point<const D: usize>(input: Tensor<D>, [integer, fraction]: [u32; 2]) -> Tensor<D> {
    let given = input.clone().detach();
    let rounded = if integer == 1 {
        given.sign().sub_scalar(1.0)
    } else {
        let bound = exp2(integer as i32 - 1);
        let steps = given.mul_scalar(exp2(fraction as i32)).floor();
        steps.mul_scalar(exp2(-(fraction as i32))).clamp(-bound, bound - 1.0)
    };
    straight_through(rounded, input)
}

/// `value`, with the gradient passed on to `source` as it is.
fn straight_through<const D: usize>(value: Tensor<D>, source: Tensor<D>) -> Tensor<D> {
    // The difference is exactly zero.
    value + (source.clone() - source.detach())
}

/// `2^exponent` of integers in `lowest..=0`, exact on every device.
fn power_of_two<const D: usize>(exponent: Tensor<D>, lowest: i32) -> Tensor<D> {
    doublings(exponent, lowest, |step| step as f32 - 0.5)
}

/// `2^lowest`, doubled for every exponent above it whose bound the value reaches.
fn doublings<const D: usize>(value: Tensor<D>, lowest: i32, bound: impl Fn(i32) -> f32) -> Tensor<D> {
    let smallest = value.zeros_like().add_scalar(exp2(lowest));
    (lowest + 1..=0).fold(smallest, |power, exponent| {
        let reached = value.clone().greater_equal_elem(bound(exponent)).float();
        power + reached.mul_scalar(exp2(exponent - 1))
    })
}

/// The smallest magnitude whose logarithm rounds to the exponent; it is next to `2^(exponent - 1/2)`.
fn smallest_of_exponent(exponent: i32) -> f32 {
    let mut bits = ((f64::from(exponent) - 0.5).exp2() as f32).to_bits();
    while round_log2(f32::from_bits(bits)) >= exponent {
        bits -= 1;
    }
    while round_log2(f32::from_bits(bits)) < exponent {
        bits += 1;
    }
    f32::from_bits(bits)
}

/// `floor(x)`, or one more with probability `x - floor(x)`, drawn as the kernels draw.
fn round_stochastic<const D: usize>(x: Tensor<D>, seed: u64) -> Tensor<D> {
    let shape = x.shape();
    let draws: Vec<f32> = (0..shape.num_elements() as u64).map(|index| uniform(seed, index)).collect();
    let draws = Tensor::from_data(TensorData::new(draws, shape), &x.device());
    let floor = x.clone().floor();
    let up = draws.lower(x - floor.clone()).float();
    floor + up
}
