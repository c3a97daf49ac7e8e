//! Batch normalisation in training, in one operation with what usually follows it: an addition and ReLU.
//!
//! Burn's own takes many passes over its input on one thread, forward and backward.

mod autodiff;
mod flex;

use crate::portable;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// The two halves of batch normalisation. Tensors are f32; inputs are `[n, c, ..]`, gamma and beta `[c]`.
#[backend_extension(Autodiff, Flex)]
pub trait NormOps: Backend {
    /// Mean and biased variance `[2, c]` of each channel; without gradient.
    fn channel_moments(input: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `(x - mean) / sqrt(variance + epsilon) * gamma + beta` with the moments of the same input, through which the
    /// gradient goes too, and ReLU if `rectified`.
    fn normalize(
        input: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
        rectified: bool,
    ) -> FloatTensor<Self>;

    /// As [`normalize`](Self::normalize), with a tensor of the input's shape added before ReLU.
    fn normalize_and_add(
        input: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        addend: FloatTensor<Self>,
        epsilon: f32,
        rectified: bool,
    ) -> FloatTensor<Self>;
}

/// What a normalisation multiplies by and adds, and what is done with the result.
pub struct Normalization<const D: usize> {
    /// `[c]`.
    pub gamma: Tensor<1>,
    /// `[c]`.
    pub beta: Tensor<1>,
    /// Added to the variance.
    pub epsilon: f64,
    /// Of the input's shape.
    pub addend: Option<Tensor<D>>,
    /// Whether negative results become zero.
    pub rectified: bool,
}

/// Mean and biased variance `[2, c]` of each channel of an input `[n, c, ..]`, outside the graph of gradients.
///
/// # Panics
///
/// When the input has no channels.
pub fn channel_moments<const D: usize>(input: &Tensor<D>) -> Tensor<2> {
    let input = if input.device().is_autodiff() { input.clone().inner() } else { input.clone() };
    if !portable::has_kernels(&input.device()) {
        return portable::channel_moments(input);
    }
    Tensor::from_dispatch(Dispatch::channel_moments(input.into_dispatch()))
}

/// Normalises an input `[n, c, ..]` with its own [`channel_moments`].
///
/// # Panics
///
/// When shapes do not fit.
pub fn normalize<const D: usize>(
    input: Tensor<D>,
    moments: Tensor<2>,
    operation: Normalization<D>,
) -> Tensor<D> {
    let (shape, channels) = (input.shape(), input.dims()[1]);
    assert!(
        moments.dims() == [2, channels]
            && [&operation.gamma, &operation.beta].iter().all(|x| x.dims() == [channels]),
        "moments {:?}, gamma {:?} and beta {:?} for {channels} channels",
        moments.dims(),
        operation.gamma.dims(),
        operation.beta.dims()
    );
    if !portable::has_kernels(&input.device()) {
        return portable::normalize(input, moments, operation);
    }
    let Normalization { gamma, beta, epsilon, addend, rectified } = operation;
    let (epsilon, input, moments) = (epsilon as f32, input.into_dispatch(), moments.into_dispatch());
    let (gamma, beta) = (gamma.into_dispatch(), beta.into_dispatch());
    Tensor::from_dispatch(match addend {
        None => Dispatch::normalize(input, moments, gamma, beta, epsilon, rectified),
        Some(addend) => {
            assert!(addend.shape() == shape, "{:?} added to {shape:?}", addend.shape());
            let addend = addend.into_dispatch();
            Dispatch::normalize_and_add(input, moments, gamma, beta, addend, epsilon, rectified)
        }
    })
}
