//! Our convolution against Burn's own: output and all gradients over a table of shapes.

use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use deepshift_burn::conv::conv2d;

/// Of the largest magnitude in a tensor.
const TOLERANCE: f32 = 1e-5;

struct Case {
    input: [usize; 4],
    weight: [usize; 4],
    options: ConvOptions<2>,
}

fn cases() -> Vec<Case> {
    let case = |input, weight, stride, padding, dilation, groups| Case {
        input,
        weight,
        options: ConvOptions::new(stride, padding, dilation, groups),
    };
    vec![
        case([64, 1, 28, 28], [20, 1, 5, 5], [1, 1], [0, 0], [1, 1], 1),
        case([65, 20, 12, 12], [50, 20, 5, 5], [1, 1], [0, 0], [1, 1], 1),
        case([3, 16, 32, 32], [16, 16, 3, 3], [1, 1], [1, 1], [1, 1], 1),
        case([5, 16, 9, 8], [32, 16, 3, 3], [2, 2], [1, 1], [1, 1], 1),
        case([2, 8, 7, 7], [4, 8, 1, 1], [1, 1], [0, 0], [1, 1], 1),
        case([2, 8, 7, 7], [4, 8, 1, 1], [2, 2], [0, 0], [1, 1], 1),
        case([3, 6, 9, 8], [9, 2, 3, 3], [2, 1], [1, 2], [1, 1], 3),
        case([3, 6, 9, 8], [6, 1, 3, 3], [1, 2], [2, 1], [1, 2], 6),
        case([2, 3, 11, 5], [4, 3, 3, 2], [3, 2], [4, 3], [2, 1], 1),
        case([1, 2, 3, 3], [2, 2, 3, 3], [1, 1], [5, 5], [1, 1], 1),
        case([2, 2, 1, 9], [2, 2, 1, 4], [1, 3], [0, 2], [1, 2], 1),
        case([1, 3, 40, 41], [7, 3, 7, 7], [2, 2], [3, 3], [1, 1], 1),
    ]
}

#[test]
fn output_and_gradients_equal_burns() {
    for (number, case) in cases().into_iter().enumerate() {
        let ours = pass(&case, |x, w, b, options| conv2d(x, w, Some(b), options));
        let burns = pass(&case, |x, w, b, options| burn::tensor::module::conv2d(x, w, Some(b), options));
        for ((ours, burns), name) in ours.iter().zip(&burns).zip(["output", "input", "weight", "bias"]) {
            compare(&format!("case {number}, {name}"), ours, burns);
        }
    }
}

#[test]
fn the_same_bits_every_time() {
    let case = &cases()[1];
    let once = || pass(case, |x, w, b, options| conv2d(x, w, Some(b), options));
    let first = once();
    for _ in 0..20 {
        assert!(first == once());
    }
}

#[test]
fn without_bias_and_with_uneven_padding() {
    let input = numbers([2, 3, 6, 7], 0.3);
    let weight = numbers([4, 3, 3, 3], 0.7);
    let options = ConvOptions::new_with_padding([1, 1], [(0, 2), (1, 0)], [1, 1], 1);
    let ours = conv2d(input.clone(), weight.clone(), None, options.clone());
    let burns = burn::tensor::module::conv2d(input, weight, None, options);
    assert_eq!(ours.dims(), burns.dims());
    compare("output", &values(&ours), &values(&burns));
}

#[test]
fn views_are_read_in_their_own_order() {
    let input = numbers([2, 3, 6, 7], 0.3).swap_dims(2, 3);
    let weight = numbers([3, 4, 3, 2], 0.7).swap_dims(0, 1);
    let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
    let ours = conv2d(input.clone(), weight.clone(), None, options.clone());
    let burns = burn::tensor::module::conv2d(input, weight, None, options);
    compare("output", &values(&ours), &values(&burns));
}

#[test]
fn an_empty_batch_gives_an_empty_batch() {
    let device = Device::flex();
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    let output =
        conv2d(Tensor::zeros([0, 2, 5, 5], &device), Tensor::ones([3, 2, 3, 3], &device), None, options);
    assert_eq!(output.dims(), [0, 3, 3, 3]);
}

#[test]
#[should_panic(expected = "the channels do not fit")]
fn wrong_channels_panic() {
    let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
    conv2d(numbers([1, 3, 5, 5], 1.0), numbers([1, 2, 3, 3], 1.0), None, options);
}

#[test]
#[should_panic(expected = "a kernel of extent 5")]
fn a_kernel_larger_than_the_picture_panics() {
    let options = ConvOptions::new([1, 1], [0, 0], [2, 2], 1);
    conv2d(numbers([1, 2, 4, 4], 1.0), numbers([1, 2, 3, 3], 1.0), None, options);
}

/// Output and the gradients of input, weight and bias.
fn pass(
    case: &Case,
    conv2d: impl Fn(Tensor<4>, Tensor<4>, Tensor<1>, ConvOptions<2>) -> Tensor<4>,
) -> [Vec<f32>; 4] {
    let input = numbers(case.input, 0.37).require_grad();
    let weight = numbers(case.weight, 0.71).require_grad();
    let bias = numbers([case.weight[0]], 0.53).require_grad();
    let output = conv2d(input.clone(), weight.clone(), bias.clone(), case.options.clone());
    let grads = (output.clone() * numbers(output.dims(), 0.91)).sum().backward();
    [
        values(&output),
        values(&input.grad(&grads).unwrap()),
        values(&weight.grad(&grads).unwrap()),
        values(&bias.grad(&grads).unwrap()),
    ]
}

fn compare(name: &str, ours: &[f32], burns: &[f32]) {
    assert_eq!(ours.len(), burns.len(), "{name}");
    let largest = burns.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    for (index, (ours, burns)) in ours.iter().zip(burns).enumerate() {
        assert!((ours - burns).abs() <= TOLERANCE * largest, "{name}[{index}]: {ours}, Burn has {burns}");
    }
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
