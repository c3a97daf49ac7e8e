//! The weight parameters both layers share: `weight` for type Q, `shift` and `sign` for type PS.
//!
//! They are optional fields of the layers and not an enum of their own, because a module within the layer would add a
//! segment to the parameter names.

use burn::module::{Initializer, Param};
use burn::tensor::{Device, Shape, Tensor};
use deepshift_core::round::exp2;

use super::ShiftType;
use super::ops::{compose_weight, quantize_weight};
use super::options::ShiftOptions;

/// An optional parameter of a layer.
pub(super) type Optional<const D: usize> = Option<Param<Tensor<D>>>;

/// The fields `weight`, `shift` and `sign` of a layer: either the first or the other two.
pub(super) type Fields<const D: usize> = (Optional<D>, Optional<D>, Optional<D>);

/// Uniform random parameters of PyTorch's bounds for type Q and the original's for type PS: `sign` in [-1, 1], `shift`
/// in the given range.
pub(super) fn random<const D: usize>(
    shape: [usize; D],
    fan_in: usize,
    shift_range: [f64; 2],
    options: &ShiftOptions,
    device: &Device,
) -> Fields<D> {
    let uniform = |[min, max]: [f64; 2]| Initializer::Uniform { min, max }.init(shape, device);
    match options.shift_type {
        ShiftType::Q => {
            let bound = bound(fan_in);
            (Some(uniform([-bound, bound])), None, None)
        }
        ShiftType::PS => {
            (None, Some(uniform(shift_range)), Some(freeze(uniform([-1.0, 1.0]), options.freeze_sign)))
        }
    }
}

/// A uniform random bias of PyTorch's bounds, lazily initialized.
pub(super) fn random_bias(length: usize, fan_in: usize, device: &Device) -> Param<Tensor<1>> {
    let bound = bound(fan_in);
    Initializer::Uniform { min: -bound, max: bound }.init([length], device)
}

/// `1 / sqrt(fan_in)`: what `kaiming_uniform_(a = sqrt 5)` of PyTorch comes to.
fn bound(fan_in: usize) -> f64 {
    1.0 / (fan_in as f64).sqrt()
}

/// The parameters of a converted float layer: for type Q the weight as it is, for type PS `shift = round(log2 |w|)`
/// within its range and `sign = sign(w)`.
pub(super) fn converted<const D: usize>(weight: Tensor<D>, options: &ShiftOptions) -> Fields<D> {
    match options.shift_type {
        ShiftType::Q => (Some(Param::from_tensor(weight)), None, None),
        ShiftType::PS => {
            let lowest = options.lowest_exponent();
            // Of an exact power of two any logarithm rounds to the right integer; that of zero is clamped.
            let power = quantize_weight(weight.clone(), lowest, None).abs();
            let shift = power.log().div_scalar(std::f64::consts::LN_2).round().clamp(lowest, 0);
            let sign = freeze(Param::from_tensor(weight.sign()), options.freeze_sign);
            (None, Some(Param::from_tensor(shift)), Some(sign))
        }
    }
}

fn freeze<const D: usize>(param: Param<Tensor<D>>, frozen: bool) -> Param<Tensor<D>> {
    if frozen { param.set_require_grad(false) } else { param }
}

/// The weight the layer computes with; a `noise` seed makes the rounding stochastic.
pub(super) fn value<const D: usize>(
    (weight, shift, sign): (&Optional<D>, &Optional<D>, &Optional<D>),
    options: &ShiftOptions,
    noise: Option<u64>,
) -> Tensor<D> {
    let lowest = options.lowest_exponent();
    match (weight, shift, sign) {
        (Some(weight), None, None) => quantize_weight(weight.val(), lowest, noise),
        (None, Some(shift), Some(sign)) => compose_weight(shift.val(), sign.val(), lowest, noise),
        _ => panic!("a shift layer has either `weight`, or `shift` and `sign`"),
    }
}

/// The parameters clamped as the original's forward clamps them in place: `weight` in magnitude, `shift` to its range.
pub(super) fn clamped<const D: usize>((weight, shift, sign): Fields<D>, options: &ShiftOptions) -> Fields<D> {
    let lowest = options.lowest_exponent();
    let smallest = exp2(lowest);
    let weight = weight.map(|param| update(param, |w| w.clone().abs().clamp(smallest, 1.0) * w.sign()));
    let shift = shift.map(|param| update(param, |s| s.clamp(lowest, 0)));
    (weight, shift, sign)
}

/// The parameters rounded as for evaluation: `weight` to powers of two, `shift` to integers, `sign` to -1, 0, 1.
pub(super) fn rounded<const D: usize>((weight, shift, sign): Fields<D>, options: &ShiftOptions) -> Fields<D> {
    let lowest = options.lowest_exponent();
    let weight = weight.map(|param| update(param, |w| quantize_weight(w, lowest, None)));
    let shift = shift.map(|param| update(param, |s| s.clamp(lowest, 0).round()));
    let sign = sign.map(|param| update(param, |s| s.round().sign()));
    (weight, shift, sign)
}

/// Replaces the value of a parameter outside the graph of gradients, keeping its identity and whether it is trained.
pub(super) fn update<const D: usize>(
    param: Param<Tensor<D>>,
    function: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Param<Tensor<D>> {
    param.map(|tensor| {
        let trained = tensor.is_require_grad();
        function(tensor.set_require_grad(false)).detach().set_require_grad(trained)
    })
}

/// # Panics
///
/// When the shape of a given tensor is not the one the configuration asks for.
pub(super) fn check_shape(name: &str, actual: Shape, expected: &[usize]) {
    assert!(actual.as_slice() == expected, "{name} has shape {actual:?}, the layer needs {expected:?}");
}
