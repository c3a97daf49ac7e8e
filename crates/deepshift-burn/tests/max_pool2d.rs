//! Our max pooling against Burn's own, output and gradient.

use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor, TensorData};
use deepshift_burn::pool::max_pool2d;

#[test]
fn output_and_gradient_equal_burns() {
    let options = MaxPoolOptions::new;
    let cases = [
        ([64, 20, 24, 24], options([2, 2])),
        ([2, 3, 9, 8], options([3, 3]).with_stride([2, 2])),
        ([2, 3, 9, 8], options([3, 2]).with_stride([1, 3])),
        ([1, 2, 5, 5], options([5, 5])),
        ([2, 3, 9, 8], options([3, 3]).with_stride([2, 2]).with_padding([1, 1])),
        ([2, 3, 8, 8], options([3, 3]).with_stride([2, 2]).with_ceil_mode(true)),
    ];
    for (shape, options) in cases {
        let ours = pass(shape, |x| max_pool2d(x, options.clone()));
        let burns = pass(shape, |x| burn::tensor::module::max_pool2d(x, options.clone()));
        assert!(ours == burns, "{shape:?} {options:?}");
    }
}

#[test]
fn nan_wins_and_minus_infinity_has_a_source() {
    let device = Device::flex().autodiff();
    let low = f32::NEG_INFINITY;
    let input = Tensor::<4>::from_floats([[[[low, low, 1.0, f32::NAN], [low, low, 3.0, 2.0]]]], &device);
    let input = input.require_grad();
    let output = max_pool2d(input.clone(), MaxPoolOptions::new([2, 2]));
    let pooled = values(&output);
    assert!(pooled[0] == low && pooled[1].is_nan());
    let grads = (output * 0.0 + 1.0).sum().backward();
    assert!(input.grad(&grads).is_some());
}

#[test]
#[should_panic(expected = "a window of extent 3")]
fn a_window_larger_than_the_picture_panics() {
    max_pool2d(Tensor::ones([1, 1, 2, 5], &Device::flex()), MaxPoolOptions::new([3, 3]));
}

/// Output and gradient of the input, whose values are integers so that many are equal.
fn pass(shape: [usize; 4], pool: impl Fn(Tensor<4>) -> Tensor<4>) -> [Vec<f32>; 2] {
    let count = shape.iter().product::<usize>();
    let number = |index: usize| ((index as f64 * 12.9898).sin() * 9.0).round() as f32;
    let data = TensorData::new((0..count).map(number).collect(), shape);
    let input = Tensor::<4>::from_data(data, &Device::flex().autodiff()).require_grad();
    let output = pool(input.clone());
    let grads = (output.clone() * output.clone() * 0.5).sum().backward();
    [values(&output), values(&input.grad(&grads).unwrap())]
}

fn values(tensor: &Tensor<4>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}
