//! Seconds per 1000 pictures of training the conv MNIST network, batch 64, on random pictures and Burn's CPU device.
//!
//! `cargo run -p deepshift-burn --example training_speed -- [float|q|ps] [STEPS]`; `scripts/bench-training` runs it
//! beside PyTorch.

use std::time::Instant;

use burn::module::{Initializer, Module, Param};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Distribution, Int, Tensor};
use deepshift_burn::conv::conv2d;
use deepshift_burn::linear::linear;
use deepshift_burn::pool::max_pool2d;
use deepshift_burn::shift::{
    ShiftConv2d, ShiftConv2dConfig, ShiftLinear, ShiftLinearConfig, ShiftOptions, ShiftType,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 64;
const WARM_UP_STEPS: usize = 10;
const LEARNING_RATE: f64 = 0.01;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "float".into());
    let steps = arguments.next().map_or(100, |steps| steps.parse().expect("STEPS is a number"));
    let options = match kind.as_str() {
        "float" => None,
        "q" => Some(ShiftOptions::new(ShiftType::Q)),
        "ps" => Some(ShiftOptions::new(ShiftType::PS)),
        _ => panic!("the kind of layers is float, q or ps"),
    };
    println!("{:.4}", seconds_per_1000(options, steps));
}

fn seconds_per_1000(options: Option<ShiftOptions>, steps: usize) -> f64 {
    let device = Device::flex().autodiff();
    let (pictures, labels) = data(&device);
    let mut network = Network::new(options, &device);
    let mut optimizer = SgdConfig::new().init();
    let mut start = Instant::now();
    for step in 0..WARM_UP_STEPS + steps {
        if step == WARM_UP_STEPS {
            start = Instant::now();
        }
        network = network.clamp_parameters();
        let loss = negative_log_likelihood(network.forward(pictures.clone()), labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(LEARNING_RATE, network, gradients);
    }
    start.elapsed().as_secs_f64() * 1000.0 / (steps * BATCH) as f64
}

/// Random pictures `[64, 1, 28, 28]` and labels `[64, 1]`.
fn data(device: &Device) -> (Tensor<4>, Tensor<2, Int>) {
    device.seed(1);
    let pictures = Tensor::random([BATCH, 1, 28, 28], Distribution::Normal(0.0, 1.0), device);
    let labels = Tensor::<1, Int>::arange(0..BATCH as i64, device) % 10;
    (pictures, labels.reshape([BATCH, 1]))
}

fn negative_log_likelihood(logits: Tensor<2>, labels: Tensor<2, Int>) -> Tensor<1> {
    log_softmax(logits, 1).gather(1, labels).mean().neg()
}

#[derive(Module, Debug)]
struct Network {
    conv1: Convolution,
    conv2: Convolution,
    fc1: FullyConnected,
    fc2: FullyConnected,
}

// There are two of each: their size does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
enum Convolution {
    Float(FloatConv2d),
    Shift(ShiftConv2d),
}

#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
enum FullyConnected {
    Float(FloatLinear),
    Shift(ShiftLinear),
}

#[derive(Module, Debug)]
struct FloatConv2d {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

#[derive(Module, Debug)]
struct FloatLinear {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Network {
    fn new(options: Option<ShiftOptions>, device: &Device) -> Self {
        Self {
            conv1: Convolution::new(1, 20, options, device),
            conv2: Convolution::new(20, 50, options, device),
            fc1: FullyConnected::new(800, 500, options, device),
            fc2: FullyConnected::new(500, 10, options, device),
        }
    }

    fn forward(&self, pictures: Tensor<4>) -> Tensor<2> {
        let x = pool(relu(self.conv1.forward(pictures)));
        let x = pool(relu(self.conv2.forward(x)));
        let x = relu(self.fc1.forward(x.flatten(1, 3)));
        self.fc2.forward(x)
    }

    fn clamp_parameters(self) -> Self {
        Self {
            conv1: self.conv1.clamp_parameters(),
            conv2: self.conv2.clamp_parameters(),
            fc1: self.fc1.clamp_parameters(),
            fc2: self.fc2.clamp_parameters(),
        }
    }
}

fn pool(x: Tensor<4>) -> Tensor<4> {
    max_pool2d(x, MaxPoolOptions::new([2, 2]))
}

impl Convolution {
    fn new(inputs: usize, outputs: usize, options: Option<ShiftOptions>, device: &Device) -> Self {
        if let Some(options) = options {
            return Self::Shift(ShiftConv2dConfig::new([inputs, outputs], [5, 5], options).init(device));
        }
        let uniform = uniform(inputs * 25);
        Self::Float(FloatConv2d {
            weight: uniform.init([outputs, inputs, 5, 5], device),
            bias: uniform.init([outputs], device),
        })
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Float(layer) => conv2d(
                x,
                layer.weight.val(),
                Some(layer.bias.val()),
                ConvOptions::new([1, 1], [0, 0], [1, 1], 1),
            ),
            Self::Shift(layer) => layer.forward(x),
        }
    }

    fn clamp_parameters(self) -> Self {
        match self {
            Self::Float(layer) => Self::Float(layer),
            Self::Shift(layer) => Self::Shift(layer.clamp_parameters()),
        }
    }
}

impl FullyConnected {
    fn new(inputs: usize, outputs: usize, options: Option<ShiftOptions>, device: &Device) -> Self {
        if let Some(options) = options {
            return Self::Shift(ShiftLinearConfig::new(inputs, outputs, options).init(device));
        }
        let uniform = uniform(inputs);
        Self::Float(FloatLinear {
            weight: uniform.init([outputs, inputs], device),
            bias: uniform.init([outputs], device),
        })
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Float(layer) => linear(x, layer.weight.val(), Some(layer.bias.val())),
            Self::Shift(layer) => layer.forward(x),
        }
    }

    fn clamp_parameters(self) -> Self {
        match self {
            Self::Float(layer) => Self::Float(layer),
            Self::Shift(layer) => Self::Shift(layer.clamp_parameters()),
        }
    }
}

fn uniform(fan_in: usize) -> Initializer {
    let bound = 1.0 / (fan_in as f64).sqrt();
    Initializer::Uniform { min: -bound, max: bound }
}
