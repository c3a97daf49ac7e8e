//! Shift layers as modules: names, conversion, evaluation, frozen signs and stochastic rounding.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use deepshift_burn::shift::{
    Rounding, ShiftConv2dConfig, ShiftLinear, ShiftLinearConfig, ShiftOptions, ShiftType, noise_seed,
};

#[test]
fn parameters_have_the_original_names() {
    assert_eq!(names(&ps(4, 3)), ["shift", "sign", "bias"]);
    let q = ShiftLinearConfig::new(4, 3, ShiftOptions::new(ShiftType::Q)).with_bias(false);
    assert_eq!(names(&q.init(&device())), ["weight"]);
    let dense = ShiftOptions::new(ShiftType::DenseShift).with_weight_bits(3);
    let dense = ShiftLinearConfig::new(4, 3, dense).init(&device());
    assert_eq!(names(&dense), ["sign", "scale", "bias"]);
    assert_eq!(dense.scale.as_ref().unwrap().val().dims(), [3, 3, 4]);
    let conv = ShiftConv2dConfig::new([2, 4], [3, 3], ShiftOptions::new(ShiftType::PS)).with_groups(2);
    let conv = conv.init(&device());
    assert_eq!(names(&conv), ["shift", "sign", "bias"]);
    assert_eq!(conv.rounded_weight().dims(), [4, 1, 3, 3]);
}

#[test]
fn conversion_of_a_float_layer() {
    let weight = Tensor::<2>::from_floats([[0.3, -0.7, 0.0], [1.7, -1e-9, 0.25]], &device());
    let bias = Tensor::<1>::from_floats([0.1, 0.2], &device());
    let config = ShiftLinearConfig::new(3, 2, ShiftOptions::new(ShiftType::PS));
    let layer = config.init_from(weight.clone(), Some(bias.clone()));
    assert_eq!(values(&layer.shift.as_ref().unwrap().val()), [-2.0, -1.0, -14.0, 0.0, -14.0, -2.0]);
    assert_eq!(values(&layer.sign.as_ref().unwrap().val()), [1.0, -1.0, 0.0, 1.0, -1.0, 1.0]);
    let smallest = 2f32.powi(-14);
    assert_eq!(values(&layer.rounded_weight()), [0.25, -0.5, 0.0, 1.0, -smallest, 0.25]);

    let config = ShiftLinearConfig::new(3, 2, ShiftOptions::new(ShiftType::Q));
    let layer = config.init_from(weight.clone(), Some(bias));
    assert_eq!(values(&layer.weight.as_ref().unwrap().val()), values(&weight));
    let smallest = 2f32.powi(-15);
    assert_eq!(values(&layer.rounded_weight()), [0.25, -0.5, 0.0, 1.0, -smallest, 0.25]);
}

#[test]
fn rounded_layers_compute_the_same() {
    for shift_type in [ShiftType::Q, ShiftType::PS, ShiftType::DenseShift] {
        let options = ShiftOptions::new(shift_type).with_activation_bits([3, 5]);
        let conv = ShiftConv2dConfig::new([2, 3], [3, 3], options).init(&device());
        let input = picture([2, 2, 6, 6]);
        let rounded = conv.clone().rounded();
        assert_eq!(values(&conv.forward(input.clone())), values(&rounded.forward(input)));
        assert_eq!(values(&conv.rounded_weight()), values(&rounded.rounded_weight()));
    }
}

#[test]
fn evaluation_rounds_the_bias_of_ps_only() {
    let weight = || Tensor::<2>::ones([1, 1], &device());
    let bias = || Some(Tensor::<1>::from_floats([0.300_001], &device()));
    let rounded_bias = |shift_type| {
        let options = ShiftOptions::new(shift_type).with_activation_bits([3, 5]);
        let layer = ShiftLinearConfig::new(1, 1, options).init_from(weight(), bias()).rounded();
        values(&layer.bias.unwrap().val())[0]
    };
    assert_eq!(rounded_bias(ShiftType::Q), 0.300_001);
    assert_eq!(rounded_bias(ShiftType::DenseShift), 0.300_001);
    assert_eq!(rounded_bias(ShiftType::PS), (0.300_001f32 * 65536.0).floor() / 65536.0);
}

#[test]
fn a_frozen_sign_has_no_gradient() {
    let options = ShiftOptions::new(ShiftType::PS).with_freeze_sign(true);
    let layer = ShiftLinearConfig::new(4, 3, options).init(&device()).clamp_parameters();
    let grads = layer.forward(Tensor::<2>::ones([2, 4], &device())).sum().backward();
    assert!(layer.sign.as_ref().unwrap().val().grad(&grads).is_none());
    assert!(layer.shift.as_ref().unwrap().val().grad(&grads).is_some());
    let layer = layer.valid().train();
    assert!(!layer.sign.unwrap().val().is_require_grad());
}

#[test]
fn stochastic_rounding_is_reproducible_and_unbiased() {
    let options = ShiftOptions::new(ShiftType::PS).with_rounding(Rounding::Stochastic);
    let mut layer = ShiftLinearConfig::new(200, 1, options).with_bias(false).init(&device());
    layer.shift = layer.shift.map(|shift| shift.map(|shift| shift.full_like(-2.25)));
    layer.sign = layer.sign.map(|sign| sign.map(|sign| sign.full_like(0.75)));
    let input = || Tensor::<2>::eye(200, &device());
    let draw = |layer: &mut ShiftLinear, step| {
        layer.noise_seed = noise_seed(1, step, 0);
        values(&layer.forward(input()))
    };
    let first = draw(&mut layer, 0);
    let draws: Vec<f32> = (0..100).flat_map(|step| draw(&mut layer, step)).collect();
    assert_eq!(first, draws[..200], "the same seed draws the same");
    assert_ne!(draws[..200], draws[200..400], "another seed draws something else");

    let share = |value: f32| draws.iter().filter(|&&x| x == value).count() as f64 / draws.len() as f64;
    for (value, expected) in [(0.0, 0.25), (0.25, 0.75 * 0.75), (0.125, 0.75 * 0.25)] {
        assert!((share(value) - expected).abs() < 0.015, "{} of {value}", share(value));
    }
    let evaluation = layer.rounded_weight();
    assert_eq!(values(&evaluation), [0.25; 200]);
}

#[test]
fn stochastic_rounding_of_a_quantized_weight() {
    let options = ShiftOptions::new(ShiftType::Q).with_rounding(Rounding::Stochastic);
    let weight = Tensor::<2>::full([1, 20_000], -(2f32.powf(-2.25)), &device());
    let mut layer = ShiftLinearConfig::new(20_000, 1, options).init_from(weight, None);
    layer.noise_seed = 9;
    let sum = values(&layer.forward(Tensor::<2>::ones([1, 20_000], &device())))[0];
    let expected = -20_000.0 * (0.75 * 0.25 + 0.25 * 0.125);
    assert!((sum / expected - 1.0).abs() < 0.01, "{sum}, expected about {expected}");
}

#[test]
#[should_panic(expected = "weight_bits is 9")]
fn too_many_bits_panic() {
    let options = ShiftOptions::new(ShiftType::Q).with_weight_bits(9);
    ShiftLinearConfig::new(1, 1, options).init(&device());
}

#[test]
#[should_panic(expected = "cannot be split into 2 groups")]
fn uneven_groups_panic() {
    let config = ShiftConv2dConfig::new([3, 4], [1, 1], ShiftOptions::new(ShiftType::Q)).with_groups(2);
    config.init(&device());
}

fn ps(inputs: usize, outputs: usize) -> ShiftLinear {
    ShiftLinearConfig::new(inputs, outputs, ShiftOptions::new(ShiftType::PS)).init(&device())
}

fn picture(shape: [usize; 4]) -> Tensor<4> {
    let count = shape.iter().product::<usize>() as i64;
    let numbers = Tensor::<1, burn::tensor::Int>::arange(0..count, &device()).float();
    (numbers * 0.37).sin().mul_scalar(3.0).reshape(shape)
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn names(module: &impl Module) -> Vec<String> {
    #[derive(Default)]
    struct Names {
        path: Vec<String>,
        found: Vec<String>,
    }
    impl ModuleVisitor for Names {
        fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
            self.found.push(self.path.join("."));
        }
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }
    }
    let mut names = Names::default();
    module.visit(&mut names);
    names.found
}
