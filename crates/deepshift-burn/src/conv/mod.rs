//! The one entry point to 2-D convolution for every network of this project.
//!
//! On Burn's CPU backend it replaces Burn's own convolution, which spends most of a training step outside its matrix
//! products: here one picture after the other becomes a matrix of overlapping rows that stays in the cache, and forward and
//! both gradients are products with it, in kernels that use all vectors the processor has. A browser's one thread has products that leave zeros out.

mod autodiff;
mod columns;
#[cfg(any(test, not(target_family = "wasm")))]
mod flex;
mod geometry;
#[cfg(any(test, not(target_family = "wasm")))]
mod kernel;
#[cfg(any(test, target_family = "wasm"))]
mod rows;
#[cfg(any(test, target_family = "wasm"))]
mod sparse;
#[cfg(any(test, not(target_family = "wasm")))]
mod windows;

#[cfg(not(target_family = "wasm"))]
use flex as cpu;
#[cfg(target_family = "wasm")]
use sparse as cpu;

use crate::portable::has_kernels;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::ops::ConvOptions;

/// Convolution with gradients of its own. Tensors are f32.
#[backend_extension(Autodiff, Flex)]
pub trait ConvolutionOps: Backend {
    /// `[n, c_in, h, w]` with `[c_out, c_in / groups, kh, kw]` and a bias `[c_out]` to `[n, c_out, h', w']`.
    fn column_conv2d(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvOptions<2>,
    ) -> FloatTensor<Self>;
}

/// Convolves pictures `[n, c_in, h, w]` with a weight `[c_out, c_in / groups, kh, kw]` and adds a bias `[c_out]`.
///
/// At an equal number of threads the results, gradients too, are the same bits every time.
///
/// # Panics
///
/// When the shapes do not fit each other, or the kernel is larger than the padded picture.
pub fn conv2d(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions<2>,
) -> Tensor<4> {
    if !has_kernels(&input.device()) {
        return burn::tensor::module::conv2d(input, weight, bias, options);
    }
    let bias = bias.unwrap_or_else(|| Tensor::zeros([weight.dims()[0]], &weight.device()));
    Tensor::from_dispatch(Dispatch::column_conv2d(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        options,
    ))
}
