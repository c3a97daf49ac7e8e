//! Shift layers against PyTorch: outputs, all gradients and the clamped parameters of `tests/data/layers` (made by
//! `scripts/golden/layers.py`) and of the original's own vectors where `../shared/golden` is present.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Param;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use deepshift_burn::shift::{
    PaddingMode, ShiftConv2d, ShiftConv2dConfig, ShiftLinear, ShiftLinearConfig, ShiftOptions, ShiftType,
};
use safetensors::SafeTensors;
use serde_json::Value;

/// Of the largest magnitude in a tensor.
const TOLERANCE: f64 = 1e-5;

/// The parameters of a layer but the bias, the first of type Q, the others of type PS.
const NAMES: [&str; 3] = ["weight", "shift", "sign"];

#[test]
fn layers_equal_pytorch() {
    check_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/layers"));
}

#[test]
fn layers_equal_the_original() {
    if let Some(folder) = golden_folder() {
        check_folder(&folder);
    }
}

#[test]
fn weights_round_as_the_original() {
    let Some(folder) = golden_folder() else { return };
    let vectors = Vectors::read(&folder.join("round_power_of_2.safetensors"));
    for bits in [2, 3, 4, 5, 6, 8] {
        let weight: Tensor<1> = vectors.tensor("weight");
        let features = weight.dims()[0];
        let options = ShiftOptions::new(ShiftType::Q).with_weight_bits(bits);
        let layer = ShiftLinearConfig::new(features, 1, options).init_from(weight.unsqueeze(), None);
        let rounded = layer.rounded_weight().into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(rounded, vectors.values(&format!("q{bits}")), "{bits} bits");
    }
}

#[test]
fn activations_round_as_the_original() {
    let Some(folder) = golden_folder() else { return };
    let vectors = Vectors::read(&folder.join("round_to_fixed.safetensors"));
    for [integer, fraction] in [[2, 6], [3, 5], [3, 13], [4, 4], [8, 8], [16, 16]] {
        let input: Tensor<1> = vectors.tensor("input");
        let count = input.dims()[0];
        let options = ShiftOptions::new(ShiftType::Q).with_activation_bits([integer, fraction]);
        let config = ShiftConv2dConfig::new([1, 1], [1, 1], options);
        let unit = Tensor::ones([1, 1, 1, 1], &device());
        let output = config.init_from(unit, None).forward(input.reshape([1, 1, 1, count]));
        let output = output.into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(output, vectors.values(&format!("fixed_{integer}_{fraction}")), "({integer}, {fraction})");
    }
}

/// The vectors of the original, which are not part of this repository.
fn golden_folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/layers");
    if !folder.is_dir() {
        eprintln!("skipped: the original's vectors are not at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn check_folder(folder: &Path) {
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    let layers: Vec<&Value> =
        index.as_array().unwrap().iter().filter(|entry| entry.get("layer").is_some()).collect();
    assert!(!layers.is_empty());
    for entry in layers {
        let file = entry["file"].as_str().unwrap();
        let vectors = Vectors::read(&folder.join(file));
        match entry["layer"].as_str().unwrap() {
            "linear" => check_linear(file, entry, &vectors),
            _ => check_conv2d(file, entry, &vectors),
        }
    }
}

fn check_linear(file: &str, entry: &Value, vectors: &Vectors) {
    let layer = linear(entry, vectors);
    check_pass::<2>(
        file,
        vectors,
        |input| layer.forward(input),
        [&layer.weight, &layer.shift, &layer.sign],
        &layer.bias,
    );
    let after = layer.clamp_parameters();
    vectors.compare_after(file, [after.weight, after.shift, after.sign]);
}

fn check_conv2d(file: &str, entry: &Value, vectors: &Vectors) {
    let layer = conv2d(entry, vectors);
    check_pass::<4>(
        file,
        vectors,
        |input| layer.forward(input),
        [&layer.weight, &layer.shift, &layer.sign],
        &layer.bias,
    );
    let after = layer.clamp_parameters();
    vectors.compare_after(file, [after.weight, after.shift, after.sign]);
}

/// One forward and backward pass; `parameters` are those of [`NAMES`].
fn check_pass<const D: usize>(
    file: &str,
    vectors: &Vectors,
    forward: impl Fn(Tensor<D>) -> Tensor<D>,
    parameters: [&Option<Param<Tensor<D>>>; 3],
    bias: &Option<Param<Tensor<1>>>,
) {
    let input = vectors.tensor::<D>("input").require_grad();
    let output = forward(input.clone());
    vectors.compare(file, "output", output.clone());
    let grads = (output * vectors.tensor("grad_output")).sum().backward();
    vectors.compare(file, "grad_input", input.grad(&grads).unwrap());
    for (name, parameter) in NAMES.iter().zip(parameters) {
        vectors.compare_grad(file, name, parameter, &grads);
    }
    vectors.compare_grad(file, "bias", bias, &grads);
}

fn linear(entry: &Value, vectors: &Vectors) -> ShiftLinear {
    let [inputs, outputs] = ["in_features", "out_features"].map(|key| integer(&entry[key]));
    let config = ShiftLinearConfig::new(inputs, outputs, options(entry));
    let mut layer = config.with_bias(entry["bias"] == true).init(&device());
    layer.weight = layer.weight.map(|_| vectors.param("init.weight"));
    layer.shift = layer.shift.map(|_| vectors.param("init.shift"));
    layer.sign = layer.sign.map(|_| vectors.param("init.sign"));
    layer.bias = layer.bias.map(|_| vectors.param("init.bias"));
    layer
}

fn conv2d(entry: &Value, vectors: &Vectors) -> ShiftConv2d {
    let channels = ["in_channels", "out_channels"].map(|key| integer(&entry[key]));
    let mode = match entry["padding_mode"].as_str().unwrap() {
        "circular" => PaddingMode::Circular,
        _ => PaddingMode::Zeros,
    };
    let config = ShiftConv2dConfig::new(channels, pair(&entry["kernel_size"]), options(entry))
        .with_stride(pair(&entry["stride"]))
        .with_padding(pair(&entry["padding"]))
        .with_dilation(pair(&entry["dilation"]))
        .with_groups(integer(&entry["groups"]))
        .with_padding_mode(mode);
    let mut layer = config.with_bias(entry["bias"] == true).init(&device());
    layer.weight = layer.weight.map(|_| vectors.param("init.weight"));
    layer.shift = layer.shift.map(|_| vectors.param("init.shift"));
    layer.sign = layer.sign.map(|_| vectors.param("init.sign"));
    layer.bias = layer.bias.map(|_| vectors.param("init.bias"));
    layer
}

fn options(entry: &Value) -> ShiftOptions {
    let shift_type = match entry["type"].as_str().unwrap() {
        "Q" => ShiftType::Q,
        _ => ShiftType::PS,
    };
    ShiftOptions::new(shift_type)
        .with_weight_bits(integer(&entry["weight_bits"]) as u32)
        .with_activation_bits(pair(&entry["activation_bits"]).map(|bits| bits as u32))
}

fn integer(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

fn pair(value: &Value) -> [usize; 2] {
    [integer(&value[0]), integer(&value[1])]
}

fn device() -> Device {
    Device::flex().autodiff()
}

/// The tensors of one file.
struct Vectors {
    bytes: Vec<u8>,
}

impl Vectors {
    fn read(path: &Path) -> Self {
        Self { bytes: fs::read(path).unwrap() }
    }

    fn data(&self, name: &str) -> TensorData {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = tensors.tensor(name).unwrap();
        let values = view.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
        TensorData::new(values.collect::<Vec<f32>>(), view.shape().to_vec())
    }

    fn values(&self, name: &str) -> Vec<f32> {
        self.data(name).try_to_vec().unwrap()
    }

    fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        Tensor::from_data(self.data(name), &device())
    }

    fn param<const D: usize>(&self, name: &str) -> Param<Tensor<D>> {
        Param::from_tensor(self.tensor(name))
    }

    fn compare_grad<const D: usize>(
        &self,
        file: &str,
        name: &str,
        param: &Option<Param<Tensor<D>>>,
        grads: &Gradients,
    ) {
        if let Some(param) = param {
            self.compare(file, &format!("grad.{name}"), param.val().grad(grads).unwrap());
        }
    }

    fn compare_after<const D: usize>(&self, file: &str, parameters: [Option<Param<Tensor<D>>>; 3]) {
        for (name, parameter) in NAMES.iter().zip(parameters) {
            if let Some(parameter) = parameter {
                assert!(parameter.val().is_require_grad(), "{file} {name}: no longer trained");
                self.compare(file, &format!("after.{name}"), parameter.val());
            }
        }
    }

    fn compare<const D: usize>(&self, file: &str, name: &str, actual: Tensor<D>) {
        let expected = self.data(name);
        assert_eq!(actual.shape(), *expected.shape(), "{file} {name}");
        let expected: Vec<f32> = expected.try_to_vec().unwrap();
        let actual: Vec<f32> = actual.into_data().try_to_vec().unwrap();
        let largest = expected.iter().fold(0f64, |largest, &x| largest.max(f64::from(x.abs())));
        for (index, (&actual, &expected)) in actual.iter().zip(&expected).enumerate() {
            let error = f64::from(actual) - f64::from(expected);
            assert!(
                error.abs() <= TOLERANCE * largest,
                "{file} {name}[{index}] is {actual}, not {expected}; the largest is {largest}"
            );
        }
    }
}
