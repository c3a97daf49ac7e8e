//! Our batch normalisation against the definition in Burn's elementary operations: output and all gradients.

use burn::tensor::{Device, Tensor, TensorData, activation};
use deepshift_burn::norm::{Normalization, channel_moments, normalize};

/// Of the largest magnitude in a tensor.
const TOLERANCE: f32 = 2e-5;
const EPSILON: f64 = 1e-5;

#[test]
fn output_and_gradients_follow_the_definition() {
    for shape in [[64, 16, 9, 8], [3, 5, 1, 1], [2, 3, 7, 7], [1, 4, 33, 2], [7, 1, 4, 4]] {
        for (adds, rectified) in [(false, false), (false, true), (true, false), (true, true)] {
            let ours = pass(shape, adds, |x, gamma, beta, addend| {
                let moments = channel_moments(&x);
                let operation = Normalization { gamma, beta, epsilon: EPSILON, addend, rectified };
                normalize(x, moments, operation)
            });
            let definition = pass(shape, adds, |x, gamma, beta, addend| {
                let y = definition(x, gamma, beta);
                let y = if let Some(addend) = addend { y + addend } else { y };
                if rectified { activation::relu(y) } else { y }
            });
            assert_eq!(ours.len(), definition.len());
            let names = ["output", "input", "gamma", "beta", "addend"];
            for ((ours, definition), name) in ours.iter().zip(&definition).zip(names) {
                compare(&format!("{shape:?} {adds} {rectified}, {name}"), ours, definition);
            }
        }
    }
}

fn definition(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<4> {
    let channels = x.dims()[1];
    let mean = |x: Tensor<4>| x.mean_dim(0).mean_dim(2).mean_dim(3);
    let centred = x.clone() - mean(x);
    let variance = mean(centred.clone() * centred.clone());
    let per_channel = |x: Tensor<1>| x.reshape([1, channels, 1, 1]);
    centred / (variance + EPSILON).sqrt() * per_channel(gamma) + per_channel(beta)
}

#[test]
fn moments_are_exact_far_from_zero() {
    let device = Device::flex();
    let values: Vec<f32> = (0..600).map(|index| 10_000.0 + (index % 3) as f32).collect();
    let input: Tensor<4> = Tensor::from_data(TensorData::new(values, [3, 2, 10, 10]), &device);
    let moments = values_of(&channel_moments(&input));
    for channel in 0..2 {
        assert!((moments[channel] - 10_001.0).abs() < 0.02, "{moments:?}");
        assert!((moments[2 + channel] - 2.0 / 3.0).abs() < 1e-3, "{moments:?}");
    }
}

#[test]
fn vectors_have_channels_too() {
    let x = numbers([9, 4], 0.3);
    let moments = channel_moments(&x);
    let [gamma, beta] = [0.7, 0.9].map(|frequency| numbers([4], frequency));
    let operation = || Normalization {
        gamma: gamma.clone(),
        beta: beta.clone(),
        epsilon: EPSILON,
        addend: None,
        rectified: false,
    };
    let ours = normalize(x.clone(), moments, operation());
    let expected = definition(x.reshape([9, 4, 1, 1]), gamma.clone(), beta.clone());
    compare("vector", &values_of(&ours), &values_of(&expected));
}

#[test]
fn nan_goes_through_relu() {
    let device = Device::flex();
    let x: Tensor<4> = Tensor::from_floats([[[[1.0, f32::NAN]]]], &device);
    let [gamma, beta] = [1.0, 0.0].map(|value| Tensor::<1>::from_floats([value], &device));
    let operation = Normalization { gamma, beta, epsilon: EPSILON, addend: None, rectified: true };
    let moments = channel_moments(&x);
    assert!(values_of(&normalize(x, moments, operation)).iter().all(|y| y.is_nan()));
}

#[test]
#[should_panic(expected = "for 3 channels")]
fn wrong_channels_panic() {
    let x = numbers([2, 3, 4, 4], 0.3);
    let moments = channel_moments(&x);
    let [gamma, beta] = [2, 3].map(|channels| numbers([channels], 0.7));
    normalize(x, moments, Normalization { gamma, beta, epsilon: EPSILON, addend: None, rectified: false });
}

/// Output and the gradients of input, gamma, beta and what is added.
fn pass(
    shape: [usize; 4],
    adds: bool,
    norm: impl Fn(Tensor<4>, Tensor<1>, Tensor<1>, Option<Tensor<4>>) -> Tensor<4>,
) -> Vec<Vec<f32>> {
    let input = numbers(shape, 0.37).require_grad();
    let [gamma, beta] = [0.71, 0.53].map(|frequency| numbers([shape[1]], frequency).require_grad());
    let addend = adds.then(|| numbers(shape, 0.29).require_grad());
    let output = norm(input.clone(), gamma.clone(), beta.clone(), addend.clone());
    let grads = (output.clone() * numbers(shape, 0.91)).sum().backward();
    let mut results = vec![
        values_of(&output),
        values_of(&input.grad(&grads).unwrap()),
        values_of(&gamma.grad(&grads).unwrap()),
        values_of(&beta.grad(&grads).unwrap()),
    ];
    results.extend(addend.map(|addend| values_of(&addend.grad(&grads).unwrap())));
    results
}

fn compare(name: &str, ours: &[f32], definition: &[f32]) {
    assert_eq!(ours.len(), definition.len(), "{name}");
    let largest = definition.iter().fold(1e-3f32, |largest, x| largest.max(x.abs()));
    for (index, (ours, definition)) in ours.iter().zip(definition).enumerate() {
        assert!(
            (ours - definition).abs() <= TOLERANCE * largest,
            "{name}[{index}]: {ours}, by definition {definition}"
        );
    }
}

/// Numbers in [-1, 1], the fractions of a sine that is much too coarse for its frequency.
fn numbers<const D: usize>(shape: [usize; D], frequency: f64) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let number = |index| ((index as f64 * frequency + 0.1).sin() * 43758.5453).fract() as f32;
    let data = TensorData::new((0..count).map(number).collect(), shape);
    Tensor::from_data(data, &Device::flex().autodiff())
}

fn values_of<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}
