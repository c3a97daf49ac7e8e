//! Our linear function against Burn's own, output and all gradients.

use burn::tensor::{Device, Tensor, TensorData};
use deepshift_burn::linear::linear;

/// Of the largest magnitude in a tensor.
const TOLERANCE: f32 = 1e-5;

#[test]
fn output_and_gradients_equal_burns() {
    for (rows, inputs, outputs) in [(64, 800, 500), (1, 3, 1), (7, 1, 5), (33, 17, 10)] {
        let ours = pass([1, rows, inputs], outputs, |x, w, b| linear(x, w, Some(b)));
        let burns = pass([1, rows, inputs], outputs, |x, w, b| {
            burn::tensor::module::linear(x, w.transpose(), Some(b))
        });
        for ((ours, burns), name) in ours.iter().zip(&burns).zip(["output", "input", "weight", "bias"]) {
            let largest = burns.iter().fold(0f32, |largest, x| largest.max(x.abs()));
            for (ours, burns) in ours.iter().zip(burns) {
                assert!((ours - burns).abs() <= TOLERANCE * largest, "{name}: {ours}, Burn has {burns}");
            }
        }
    }
}

#[test]
fn any_rank_and_no_bias() {
    let weight = numbers([3, 4], 0.7);
    let vector = numbers([4], 0.3);
    let output = linear(vector.clone(), weight.clone(), None);
    assert_eq!(output.dims(), [3]);
    let output = linear(numbers([2, 5, 6, 4], 0.3), weight, None);
    assert_eq!(output.dims(), [2, 5, 6, 3]);
}

#[test]
#[should_panic(expected = "an input of 5 features for a linear layer of 4")]
fn wrong_features_panic() {
    linear(numbers([2, 5], 0.3), numbers([3, 4], 0.7), None);
}

/// Output and the gradients of input, weight and bias.
fn pass(
    input: [usize; 3],
    outputs: usize,
    linear: impl Fn(Tensor<3>, Tensor<2>, Tensor<1>) -> Tensor<3>,
) -> [Vec<f32>; 4] {
    let weight = numbers([outputs, input[2]], 0.71).require_grad();
    let bias = numbers([outputs], 0.53).require_grad();
    let input = numbers(input, 0.37).require_grad();
    let output = linear(input.clone(), weight.clone(), bias.clone());
    let grads = (output.clone() * numbers(output.dims(), 0.91)).sum().backward();
    [
        values(&output),
        values(&input.grad(&grads).unwrap()),
        values(&weight.grad(&grads).unwrap()),
        values(&bias.grad(&grads).unwrap()),
    ]
}

/// Numbers in [-1, 1], the fractions of a sine that is much too coarse for its frequency.
fn numbers<const D: usize>(shape: [usize; D], frequency: f64) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let number = |index| ((index as f64 * frequency + 0.1).sin() * 43758.5453).fract() as f32;
    let data = TensorData::new((0..count).map(number).collect(), shape);
    Tensor::from_data(data, &Device::flex().autodiff())
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}
