//! The weight parameters both layers share: `weight` for type Q, `shift` and `sign` for type PS, `sign` and `scale` for
//! type DenseShift.
//!
//! They are optional fields of the layers and not an enum of their own, because a module within the layer would add a
//! segment to the parameter names.

use burn::module::{Initializer, Param};
use burn::tensor::{Device, Shape, Tensor};
use deepshift_core::round::exp2;

use super::ops::{compose_weight, quantize_weight, sign_scale_weight};
use super::options::{ShiftOptions, ShiftType};

/// The standard deviation of the initial `sign` and `scale` of type DenseShift, the low variance of its paper.
pub(crate) const INITIAL_DEVIATION: f64 = 1e-3;

/// An optional parameter of a layer.
pub(super) type Optional<const D: usize> = Option<Param<Tensor<D>>>;

/// The fields `weight`, `shift`, `sign` and `scale` of a layer, those of its type present; `S` is `D + 1`.
pub(super) type Fields<const D: usize, const S: usize> = (Optional<D>, Optional<D>, Optional<D>, Optional<S>);

/// Random parameters: uniform of PyTorch's bounds for type Q and of the original's for type PS (`sign` in [-1, 1],
/// `shift` in the given range), normal with a low variance for type DenseShift.
pub(super) fn random<const D: usize, const S: usize>(
    shape: [usize; D],
    fan_in: usize,
    shift_range: [f64; 2],
    options: &ShiftOptions,
    device: &Device,
) -> Fields<D, S> {
    let uniform = |[min, max]: [f64; 2]| Initializer::Uniform { min, max }.init(shape, device);
    let normal = Initializer::Normal { mean: 0.0, std: INITIAL_DEVIATION };
    match options.shift_type {
        ShiftType::Q => {
            let bound = bound(fan_in);
            (Some(uniform([-bound, bound])), None, None, None)
        }
        ShiftType::PS => {
            let sign = freeze(uniform([-1.0, 1.0]), options.freeze_sign);
            (None, Some(uniform(shift_range)), Some(sign), None)
        }
        ShiftType::DenseShift => {
            let sign = freeze(normal.init(shape, device), options.freeze_sign);
            (None, None, Some(sign), Some(normal.init(scale_shape::<S>(&shape, options), device)))
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

/// One variable for each step of the exponent before the axes of the weight.
fn scale_shape<const S: usize>(weight: &[usize], options: &ShiftOptions) -> [usize; S] {
    std::array::from_fn(|axis| if axis == 0 { options.scales() } else { weight[axis - 1] })
}

/// The parameters of a converted float layer: for type Q the weight as it is, for type PS `shift = round(log2 |w|)`
/// within its range and `sign = sign(w)`; for type DenseShift see [`scale_of`].
pub(super) fn converted<const D: usize, const S: usize>(
    weight: Tensor<D>,
    options: &ShiftOptions,
) -> Fields<D, S> {
    let lowest = options.lowest_exponent();
    match options.shift_type {
        ShiftType::Q => (Some(Param::from_tensor(weight)), None, None, None),
        ShiftType::PS => {
            // Of an exact power of two any logarithm rounds to the right integer; that of zero is clamped.
            let power = quantize_weight(weight.clone(), lowest, None).abs();
            let shift = power.log().div_scalar(std::f64::consts::LN_2).round().clamp(lowest, 0);
            let sign = freeze(Param::from_tensor(weight.sign()), options.freeze_sign);
            (None, Some(Param::from_tensor(shift)), Some(sign), None)
        }
        ShiftType::DenseShift => {
            let scale = Param::from_tensor(scale_of(weight.clone(), options));
            let sign = freeze(Param::from_tensor(weight), options.freeze_sign);
            (None, None, Some(sign), Some(scale))
        }
    }
}

/// The variables of the exponents that type Q would give a weight. The last of them stands for the first step above the
/// smallest weight, and each starts as far from zero as `|w|` is from the bound between the two magnitudes it decides
/// between, so that training moves it over its threshold when it would move `|w|` over that bound.
fn scale_of<const D: usize, const S: usize>(weight: Tensor<D>, options: &ShiftOptions) -> Tensor<S> {
    let lowest = options.lowest_exponent();
    let power = quantize_weight(weight.clone(), lowest, None).abs();
    let magnitude = weight.abs();
    let rows = (lowest + 1..=0).rev().map(|exponent| {
        let bound = 2f64.powf(f64::from(exponent) - 0.5);
        let distance = magnitude.clone().sub_scalar(bound);
        // Close to a tie the rounding of type Q decides, not the distance.
        let reached = power.clone().greater_equal_elem(exp2(exponent));
        distance.clone().clamp_max(0).mask_where(reached, distance.clamp_min(f32::MIN_POSITIVE))
    });
    Tensor::stack(rows.collect(), 0)
}

fn freeze<const D: usize>(param: Param<Tensor<D>>, frozen: bool) -> Param<Tensor<D>> {
    if frozen { param.set_require_grad(false) } else { param }
}

/// The weight the layer computes with; a `noise` seed makes the rounding stochastic.
pub(super) fn value<const D: usize, const S: usize>(
    (weight, shift, sign, scale): (&Optional<D>, &Optional<D>, &Optional<D>, &Optional<S>),
    options: &ShiftOptions,
    noise: Option<u64>,
) -> Tensor<D> {
    let lowest = options.lowest_exponent();
    match (weight, shift, sign, scale) {
        (Some(weight), None, None, None) => quantize_weight(weight.val(), lowest, noise),
        (None, Some(shift), Some(sign), None) => compose_weight(shift.val(), sign.val(), lowest, noise),
        (None, None, Some(sign), Some(scale)) => sign_scale_weight(sign.val(), scale.val()),
        _ => panic!("a shift layer has `weight`, or `shift` and `sign`, or `sign` and `scale`"),
    }
}

/// The parameters clamped as the original's forward clamps them in place: `weight` in magnitude, `shift` to its range.
/// Those of type DenseShift have no range.
pub(super) fn clamped<const D: usize, const S: usize>(
    (weight, shift, sign, scale): Fields<D, S>,
    options: &ShiftOptions,
) -> Fields<D, S> {
    let lowest = options.lowest_exponent();
    let smallest = exp2(lowest);
    let weight = weight.map(|param| update(param, |w| w.clone().abs().clamp(smallest, 1.0) * w.sign()));
    let shift = shift.map(|param| update(param, |s| s.clamp(lowest, 0)));
    (weight, shift, sign, scale)
}

/// The parameters rounded as for evaluation: `weight` to powers of two, `shift` to integers, `sign` to -1, 0, 1, but
/// that of type DenseShift to -1, 1, and its `scale` to 0, 1.
pub(super) fn rounded<const D: usize, const S: usize>(
    (weight, shift, sign, scale): Fields<D, S>,
    options: &ShiftOptions,
) -> Fields<D, S> {
    let lowest = options.lowest_exponent();
    let weight = weight.map(|param| update(param, |w| quantize_weight(w, lowest, None)));
    let shift = shift.map(|param| update(param, |s| s.clamp(lowest, 0).round()));
    let sign = sign.map(|param| match options.shift_type {
        ShiftType::DenseShift => update(param, |s| s.clone().sign() + s.equal_elem(0).float()),
        ShiftType::Q | ShiftType::PS => update(param, |s| s.round().sign()),
    });
    let scale = scale.map(|param| update(param, |s| s.sign().clamp_min(0)));
    (weight, shift, sign, scale)
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
