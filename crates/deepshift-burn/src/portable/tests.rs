//! On the CPU both ways to compute are there: values and gradients of the portable one are those of the kernels.

use super::*;
use crate::norm::Normalization;
use crate::shift::ops as kernels;
use burn::tensor::{Device, Tensor, TensorData};
use std::slice::from_ref;

fn numbers<const D: usize>(shape: [usize; D], seed: f32) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|index| (index as f32 * 0.37 + seed).sin() * 1.7).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff()).require_grad()
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn assert_close(name: &str, ours: &[f32], kernels: &[f32]) {
    assert_eq!(ours.len(), kernels.len(), "{name}");
    for (index, (ours, kernels)) in ours.iter().zip(kernels).enumerate() {
        assert!(
            (ours - kernels).abs() <= 1e-5 * (1.0 + kernels.abs()),
            "{name} {index}: {ours}, not {kernels}"
        );
    }
}

/// The output, and the gradients of the inputs for a weighted sum of it.
fn run<const D: usize>(inputs: &[Tensor<D>], output: Tensor<D>) -> Vec<Vec<f32>> {
    let weights = numbers(output.dims(), 0.9);
    let gradients = (output.clone() * weights).sum().backward();
    let gradients = inputs.iter().map(|input| values(input.grad(&gradients).unwrap()));
    std::iter::once(values(output)).chain(gradients).collect()
}

/// Powers of two, their neighbours and ties among other magnitudes.
fn weights() -> Tensor<2> {
    let special = (-20..2).flat_map(|exponent| {
        let [power, tie] = [2f32.powi(exponent), 2f32.powf(exponent as f32 - 0.5)];
        [power, tie, tie.next_up(), tie.next_down(), -power, -tie, 0.0, 1.3 * power]
    });
    let values: Vec<f32> = special.collect();
    let count = values.len();
    let data = TensorData::new(values, [count / 8, 8]);
    Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
}

#[test]
fn quantized_weights_are_the_kernels_to_the_bit() {
    let w = weights();
    for lowest in [-127, -15, -3, -1] {
        let kernel = kernels::quantize_weight(w.clone(), lowest, None);
        let ours = quantize_weight(w.clone(), lowest, None);
        assert_eq!(run(from_ref(&w), ours), run(from_ref(&w), kernel), "{lowest}");
    }
    let kernel = kernels::quantize_weight(w.clone(), -7, Some(5));
    let differing = values(quantize_weight(w.clone(), -7, Some(5)));
    let differing = differing.iter().zip(values(kernel)).filter(|(ours, kernel)| *ours != kernel).count();
    assert!(differing <= 4, "{differing} draws beside the logarithm's rounding");
}

#[test]
fn composed_weights_are_the_kernels() {
    let (shift, sign) = (numbers([20, 30], 0.2).mul_scalar(4.0), numbers([20, 30], 1.4));
    let (shift, sign) = (shift.detach().require_grad(), sign.detach().require_grad());
    for noise in [None, Some(11)] {
        let tensors = [shift.clone(), sign.clone()];
        let kernel = kernels::compose_weight(shift.clone(), sign.clone(), -6, noise);
        let ours = compose_weight(shift.clone(), sign.clone(), -6, noise);
        for (ours, kernel) in run(&tensors, ours).iter().zip(run(&tensors, kernel)) {
            assert_close("composed", ours, &kernel);
        }
    }
}

#[test]
fn sign_scale_weights_are_the_kernels() {
    for count in [1, 3, 15] {
        let (sign, scale) = (numbers([20, 30], 1.4), numbers([count, 20, 30], 0.2).add_scalar(0.8));
        let scale = scale.detach().require_grad();
        let compute = |weight: Tensor<2>| {
            let output = values(weight.clone());
            let gradients = (weight * numbers([20, 30], 0.9)).sum().backward();
            (output, values(sign.grad(&gradients).unwrap()), values(scale.grad(&gradients).unwrap()))
        };
        let (kernel, kernel_sign, kernel_scale) =
            compute(kernels::sign_scale_weight(sign.clone(), scale.clone()));
        let (ours, ours_sign, ours_scale) = compute(sign_scale_weight(sign.clone(), scale.clone()));
        assert_eq!(ours, kernel, "{count} steps");
        assert_close("sign", &ours_sign, &kernel_sign);
        assert_close("scale", &ours_scale, &kernel_scale);
        let reached = kernel_scale.iter().filter(|&&x| x != 0.0).count();
        assert!(count == 1 || reached > 600, "more than one step a weight");
    }
}

#[test]
fn fixed_point_is_the_kernels_to_the_bit() {
    let x = numbers([30, 30], 0.1).mul_scalar(9.0).detach().require_grad();
    for [integer, fraction] in [[3, 5], [16, 16], [2, 0], [1, 4]] {
        let kernel = kernels::fixed_point(x.clone(), [integer, fraction]);
        let ours = fixed_point(x.clone(), [integer, fraction]);
        assert_eq!(run(from_ref(&x), ours), run(from_ref(&x), kernel), "({integer}, {fraction})");
    }
}

#[test]
fn normalisation_is_the_kernels() {
    let (x, addend) = (numbers([3, 4, 5, 2], 0.3), numbers([3, 4, 5, 2], 2.2));
    let [gamma, beta] = [0.5, 1.1].map(|seed| numbers([4], seed));
    for (added, rectified) in [(false, false), (true, true), (false, true)] {
        let operation = || Normalization {
            gamma: gamma.clone(),
            beta: beta.clone(),
            epsilon: 1e-5,
            addend: added.then(|| addend.clone()),
            rectified,
        };
        let moments = crate::norm::channel_moments(&x);
        assert_close("moments", &values(channel_moments(x.clone())), &values(moments.clone()));
        let inputs: Vec<Tensor<4>> = if added { vec![x.clone(), addend.clone()] } else { vec![x.clone()] };
        let kernel = run(&inputs, crate::norm::normalize(x.clone(), moments.clone(), operation()));
        let ours = run(&inputs, normalize(x.clone(), moments, operation()));
        for (ours, kernel) in ours.iter().zip(kernel) {
            assert_close("normalised", ours, &kernel);
        }
    }
}

#[test]
fn linear_is_the_kernels() {
    let (x, weight, bias) = (numbers([5, 7], 0.3), numbers([3, 7], 0.8), numbers([3], 0.1));
    let kernel = crate::linear::linear(x.clone(), weight.clone(), Some(bias.clone()));
    assert_close("linear", &values(linear(x, weight, bias)), &values(kernel));
}
