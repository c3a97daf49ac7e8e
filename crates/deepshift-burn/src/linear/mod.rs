//! The one entry point to linear layers for every network of this project.
//!
//! It takes the weight in PyTorch's layout and gives its gradient in the same, where Burn's linear function on a
//! transposed weight gives a transposed gradient, which every later operation reads slowly.

mod autodiff;
#[cfg(any(test, not(target_family = "wasm")))]
mod flex;
#[cfg(any(test, target_family = "wasm"))]
mod sparse;

#[cfg(not(target_family = "wasm"))]
use flex as cpu;
#[cfg(target_family = "wasm")]
use sparse as cpu;

use crate::portable;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// Linear layers with gradients of their own. Tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub trait LinearOps: Backend {
    /// `[n, c_in]` with `[c_out, c_in]` and a bias `[c_out]` to `[n, c_out]`.
    fn row_linear(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// `x W^T + b` of an input `[.., c_in]`, a weight `[c_out, c_in]` and a bias `[c_out]`: `[.., c_out]`.
///
/// # Panics
///
/// When the shapes do not fit each other.
pub fn linear<const D: usize>(input: Tensor<D>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<D> {
    let [outputs, inputs] = weight.dims();
    let mut shape = input.dims();
    let last = shape[D - 1];
    assert!(last == inputs, "an input of {last} features for a linear layer of {inputs}");
    let rows = shape[..D - 1].iter().product::<usize>();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([outputs], &weight.device()));
    let input = input.reshape([rows, inputs]);
    let output = if portable::has_kernels(&input.device()) {
        let output =
            Dispatch::row_linear(input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
        Tensor::<2>::from_dispatch(output)
    } else {
        portable::linear(input, weight, bias)
    };
    shape[D - 1] = outputs;
    output.reshape(shape)
}
