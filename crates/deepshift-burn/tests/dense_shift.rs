//! Type DenseShift: its conversion from float layers, its gradients, its random start and its way into a file.

use burn::module::Param;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use deepshift_burn::shift::{ShiftConv2dConfig, ShiftLinear, ShiftLinearConfig, ShiftOptions, ShiftType};
use deepshift_burn::{Network, StateDict, TrainingOptions, initial_state, randomize_sign_scale};
use deepshift_core::graph::Graph;
use deepshift_core::{Provenance, ShiftFormat};
use deepshift_models::{Conversion, by_name, to_shift};

const TRAINING: TrainingOptions = TrainingOptions {
    rounding: deepshift_burn::shift::Rounding::Deterministic,
    freeze_sign: false,
    sign_scale: true,
};

fn device() -> Device {
    Device::flex().autodiff()
}

fn options(shift_type: ShiftType, bits: u32) -> ShiftOptions {
    ShiftOptions::new(shift_type).with_weight_bits(bits)
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), &device())
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}

fn value<const D: usize>(param: &Option<Param<Tensor<D>>>) -> Tensor<D> {
    param.as_ref().unwrap().val()
}

/// Numbers of both signs and many magnitudes, powers of two and what lies next to ties among them.
fn numbers(count: usize) -> Vec<f32> {
    let tie = std::f32::consts::FRAC_1_SQRT_2;
    let special = [0.0, -0.0, 1.0, -0.5, 0.25, 3.0, -1e-9, tie, tie.next_up(), tie.next_down(), -tie / 4.0];
    let some = (0..).map(|index: usize| (index * 7919 % 4001) as f32 / 2000.5 - 1.0).map(|x| x * x * x);
    special.into_iter().chain(some).take(count).collect()
}

#[test]
fn a_float_layer_becomes_what_type_q_makes_of_it() {
    for bits in 2..=8 {
        let weight = numbers(600);
        let convert = |shift_type| {
            let config = ShiftConv2dConfig::new([5, 10], [3, 4], options(shift_type, bits));
            config.init_from(tensor(weight.clone(), [10, 5, 3, 4]), None)
        };
        let (q, dense) = (convert(ShiftType::Q), convert(ShiftType::DenseShift));
        // Of zero, which type DenseShift does not have, the packing of type Q makes its smallest weight, too.
        let smallest = 2f32.powi(options(ShiftType::Q, bits).lowest_exponent());
        let expected: Vec<f32> = values(&q.rounded_weight());
        let expected: Vec<f32> = expected.into_iter().map(|w| if w == 0.0 { smallest } else { w }).collect();
        assert_eq!(values(&dense.rounded_weight()), expected, "{bits} bits");
        assert_eq!(values(&value(&dense.sign)), weight);
        let rounded = dense.rounded();
        assert_eq!(values(&rounded.rounded_weight()), expected, "{bits} bits, rounded");
        assert!(values(&value(&rounded.sign)).iter().all(|&sign| sign == 1.0 || sign == -1.0));
        assert!(values(&value(&rounded.scale)).iter().all(|&scale| scale == 1.0 || scale == 0.0));
    }
}

#[test]
fn each_scale_starts_as_far_away_as_the_weight_from_its_bound() {
    let config = ShiftLinearConfig::new(2, 1, options(ShiftType::DenseShift, 3));
    let layer = config.init_from(tensor(vec![-0.3, 0.9], [1, 2]), None);
    let bounds = [-0.5f32, -1.5, -2.5].map(f32::exp2);
    let expected: Vec<f32> = bounds.iter().flat_map(|bound| [0.3 - bound, 0.9 - bound]).collect();
    let scale = value(&layer.scale);
    assert_eq!(scale.dims(), [3, 1, 2]);
    assert!(values(&scale).iter().zip(&expected).all(|(x, y)| (x - y).abs() < 1e-6), "{scale}");
    assert_eq!(values(&layer.rounded_weight()), [-0.25, 1.0]);
}

#[test]
fn parameters_have_no_range() {
    let config = ShiftLinearConfig::new(2, 1, options(ShiftType::DenseShift, 3));
    let layer = config.init_from(tensor(vec![-30.0, 1e-9], [1, 2]), None);
    let clamped = layer.clone().clamp_parameters();
    assert_eq!(values(&value(&layer.sign)), values(&value(&clamped.sign)));
    assert_eq!(values(&value(&layer.scale)), values(&value(&clamped.scale)));
}

/// The function whose gradient is taken: steps and signs are what is differentiated, so they are real numbers here.
fn surrogate(sign: f64, steps: &[f64]) -> f64 {
    let length = steps.iter().fold(0.0, |length, step| (1.0 + length) * step);
    sign * (1.0 + length).sqrt() / 2f64.powi(steps.len() as i32)
}

#[test]
fn gradients_are_finite_differences() {
    for bits in [2, 3, 4] {
        let mut layer = ShiftLinearConfig::new(24, 5, options(ShiftType::DenseShift, bits)).init(&device());
        // Far more open steps than chance gives.
        layer.scale = layer.scale.map(|scale| scale.map(|scale| (scale + 5e-4).detach().require_grad()));
        let input = tensor(numbers(7 * 24), [7, 24]);
        let pull = tensor(numbers(7 * 5), [7, 5]);
        let gradients = (layer.forward(input.clone()) * pull.clone()).sum().backward();
        // The weight is used once, linearly: its own gradient is that of any layer.
        let weight_gradient = values(&pull.transpose().matmul(fixed(input)));
        check_gradients(&layer, &gradients, &weight_gradient);
    }
}

/// Inputs as a shift layer rounds them.
fn fixed(input: Tensor<2>) -> Tensor<2> {
    (input * 65536.0).floor() / 65536.0
}

fn check_gradients(layer: &ShiftLinear, gradients: &Gradients, weight_gradient: &[f32]) {
    const STEP: f64 = 1e-4;
    let gradient_of_sign = values(&value(&layer.sign).grad(gradients).unwrap());
    let gradient_of_scale = values(&value(&layer.scale).grad(gradients).unwrap());
    let (sign, scale) = (values(&value(&layer.sign)), values(&value(&layer.scale)));
    let count = sign.len();
    let mut open = 0;
    for index in 0..count {
        let s = if sign[index] < 0.0 { -1.0 } else { 1.0 };
        let column =
            |values: &[f32]| -> Vec<f32> { values.iter().skip(index).step_by(count).copied().collect() };
        let steps: Vec<f64> = column(&scale).iter().map(|&x| f64::from(u8::from(x > 0.0))).collect();
        let g = f64::from(weight_gradient[index]);
        let slope = (surrogate(s + STEP, &steps) - surrogate(s - STEP, &steps)) / (2.0 * STEP);
        assert_close(gradient_of_sign[index], g * slope);
        for (place, actual) in column(&gradient_of_scale).into_iter().enumerate() {
            let moved = |by: f64| {
                let mut steps = steps.clone();
                steps[place] += by;
                surrogate(s, &steps)
            };
            let slope = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            open += usize::from(slope != 0.0);
            assert_close(actual, g * slope);
        }
    }
    assert!(open > count || scale.len() == count, "more than one step a weight has a gradient: {open}");
}

fn assert_close(actual: f32, expected: f64) {
    assert!(
        (f64::from(actual) - expected).abs() <= 1e-5 + 1e-4 * expected.abs(),
        "{actual} is not {expected}"
    );
}

#[test]
fn a_frozen_sign_has_no_gradient() {
    let options = options(ShiftType::DenseShift, 3).with_freeze_sign(true);
    for layer in [
        ShiftLinearConfig::new(4, 3, options).init(&device()),
        ShiftLinearConfig::new(4, 3, options).init_from(tensor(numbers(12), [3, 4]), None),
    ] {
        let gradients = layer.forward(Tensor::<2>::ones([2, 4], &device())).sum().backward();
        assert!(value(&layer.sign).grad(&gradients).is_none());
        assert!(value(&layer.scale).grad(&gradients).is_some());
    }
}

fn graph(name: &str, bits: u8) -> Graph {
    let format = ShiftFormat::new(ShiftType::DenseShift.codes(), bits).unwrap();
    let options =
        Conversion { shift_depth: 1000, format, activation_bits: [16, 16], convert_all_linear: true };
    to_shift(&by_name(name).unwrap(), &options).unwrap()
}

/// Where a training begins.
fn initial(graph: &Graph, seed: u64) -> StateDict {
    let mut state = initial_state(graph, seed);
    randomize_sign_scale(graph, seed, &mut state);
    state
}

fn network(bits: u8, state: &StateDict, options: TrainingOptions) -> deepshift_burn::Result<Network> {
    Network::from_state(&graph("resnet20", bits), state, options, &device())
}

#[test]
fn a_network_keeps_its_parameters_and_packs_their_weights() {
    let state = initial(&graph("resnet20", 3), 7);
    let trained = network(3, &state, TRAINING).unwrap();
    let parameters = trained.state();
    assert!(state.iter().all(|(name, tensor)| name == "linear.weight" || parameters[name] == *tensor));
    assert!(network(3, &parameters, TRAINING).unwrap().state() == parameters);

    let model = trained.export(None, Vec::new(), Provenance::default()).unwrap();
    assert_eq!(model.replaced_zeros, 0);
    let rounded = trained.rounded().state();
    let again = network(3, &rounded, TRAINING).unwrap();
    assert!(again.state() == rounded);
    let packed = again.export(None, Vec::new(), Provenance::default()).unwrap().model;
    assert!(packed.tensors == model.model.tensors);
    let magnitudes: Vec<f32> =
        packed.tensors["layer3.0.conv1.weight"].values().iter().map(|weight| weight.abs()).collect();
    let share =
        |power: f32| magnitudes.iter().filter(|&&w| w == power).count() as f64 / magnitudes.len() as f64;
    for (power, expected) in [(0.125, 0.5), (0.25, 0.25), (0.5, 0.125), (1.0, 0.125)] {
        assert!((share(power) - expected).abs() < 0.02, "{} of {power}", share(power));
    }
}

#[test]
fn the_random_start_has_the_low_variance() {
    let state = initial(&graph("resnet20", 3), 7);
    assert!(!state.contains_key("layer3.0.conv2.weight"));
    assert_eq!(state["layer3.0.conv2.scale"].shape, [3, 64, 64, 3, 3]);
    for name in ["layer3.0.conv2.sign", "layer3.0.conv2.scale"] {
        let values: Vec<f64> = state[name].values.iter().map(|&x| f64::from(x)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = (values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64).sqrt();
        assert!(mean.abs() < 2e-5 && (deviation / 1e-3 - 1.0).abs() < 0.02, "{name}: {mean}, {deviation}");
    }
    assert!(state == initial(&graph("resnet20", 3), 7));
    assert!(state != initial(&graph("resnet20", 3), 8));
}

#[test]
fn without_batch_norm_the_start_is_converted() {
    let graph = graph("simple_conv", 3);
    assert!(initial(&graph, 7) == initial_state(&graph, 7));
    let network = Network::from_state(&graph, &initial_state(&graph, 7), TRAINING, &device()).unwrap();
    assert_eq!(network.state()["fc1.scale"].shape, [3, 500, 800]);
}

#[test]
fn parameters_of_another_type_or_width_are_refused() {
    let state = initial(&graph("resnet20", 3), 7);
    let as_q = network(3, &state, TrainingOptions::default()).unwrap_err().to_string();
    assert!(as_q.starts_with("weights lack conv1.weight"), "{as_q}");
    let narrower = network(2, &state, TRAINING).unwrap_err().to_string();
    assert!(narrower.contains("conv1.scale has shape 3x16x3x3x3"), "{narrower}");
}
