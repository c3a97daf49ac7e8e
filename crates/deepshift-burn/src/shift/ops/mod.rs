//! Elementwise rounding with straight-through gradients, as an extension of Burn's backends.
//!
//! [`flex`] rounds on the CPU without copies between host and device; another backend is one more implementation of
//! [`ShiftOps`]. [`autodiff`] adds the gradients for all of them.

mod autodiff;
mod flex;
mod rounding;
mod sign_scale;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use crate::portable;

/// The elementwise operations of shift layers. Tensors are f32; with a `noise` seed rounding is stochastic.
#[backend_extension(Autodiff, Flex)]
pub trait ShiftOps: Backend {
    /// The quantized weight of type Q: magnitude clamped to `[2^lowest_exponent, 1]`, then
    /// `sign * 2^round(log2 magnitude)`. Zero stays zero. The gradient passes straight through.
    fn quantize_weight(
        weight: FloatTensor<Self>,
        lowest_exponent: i32,
        noise: Option<u64>,
    ) -> FloatTensor<Self>;

    /// The weight of type PS: `2^round(clamp(shift, lowest_exponent, 0)) * sign(round(sign))`. With the gradient `g` of
    /// the weight, that of `sign` is `g` and that of `shift` is `g * weight * ln 2`.
    fn compose_weight(
        shift: FloatTensor<Self>,
        sign: FloatTensor<Self>,
        lowest_exponent: i32,
        noise: Option<u64>,
    ) -> FloatTensor<Self>;

    /// Fixed point of the original (see [`deepshift_core::round::round_to_fixed`]). The gradient passes straight
    /// through.
    fn fixed_point(input: FloatTensor<Self>, integer_bits: u32, fraction_bits: u32) -> FloatTensor<Self>;
}

/// The weight of type DenseShift with its gradients, on the CPU. Tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub trait SignScaleOps: Backend {
    /// `±2^(S - N)`, negative where `sign` is below zero. `scale` has `N` variables for each weight, in an axis before
    /// those of `sign`; `S` is how many of them from the last one back are above zero. In other words `S = S_N` with
    /// `S_0 = 0` and `S_n = (1 + S_(n-1)) * H(scale_n)`, where `H` is 1 above zero and else 0.
    ///
    /// Gradients are those of `2^-N * sign(sign) * sqrt(1 + S)`, which the sign and `H` pass straight through.
    fn sign_scale_weight(sign: FloatTensor<Self>, scale: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// [`ShiftOps::quantize_weight`] on tensors.
pub(crate) fn quantize_weight<const D: usize>(
    weight: Tensor<D>,
    lowest_exponent: i32,
    noise: Option<u64>,
) -> Tensor<D> {
    if !portable::has_kernels(&weight.device()) {
        return portable::quantize_weight(weight, lowest_exponent, noise);
    }
    Tensor::from_dispatch(Dispatch::quantize_weight(weight.into_dispatch(), lowest_exponent, noise))
}

/// [`ShiftOps::compose_weight`] on tensors.
pub(crate) fn compose_weight<const D: usize>(
    shift: Tensor<D>,
    sign: Tensor<D>,
    lowest_exponent: i32,
    noise: Option<u64>,
) -> Tensor<D> {
    if !portable::has_kernels(&shift.device()) {
        return portable::compose_weight(shift, sign, lowest_exponent, noise);
    }
    Tensor::from_dispatch(Dispatch::compose_weight(
        shift.into_dispatch(),
        sign.into_dispatch(),
        lowest_exponent,
        noise,
    ))
}

/// [`SignScaleOps::sign_scale_weight`] on tensors, `S` being `D + 1`.
pub(crate) fn sign_scale_weight<const D: usize, const S: usize>(
    sign: Tensor<D>,
    scale: Tensor<S>,
) -> Tensor<D> {
    if !portable::has_kernels(&sign.device()) {
        return portable::sign_scale_weight(sign, scale);
    }
    Tensor::from_dispatch(Dispatch::sign_scale_weight(sign.into_dispatch(), scale.into_dispatch()))
}

/// [`ShiftOps::fixed_point`] on tensors, `bits` being integer and fraction bits.
pub(crate) fn fixed_point<const D: usize>(input: Tensor<D>, bits: [u32; 2]) -> Tensor<D> {
    if !portable::has_kernels(&input.device()) {
        return portable::fixed_point(input, bits);
    }
    Tensor::from_dispatch(Dispatch::fixed_point(input.into_dispatch(), bits[0], bits[1]))
}
