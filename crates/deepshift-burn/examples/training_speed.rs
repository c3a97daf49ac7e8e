//! Seconds per 1000 pictures of training a network on random pictures and Burn's CPU device.
//!
//! `cargo run -p deepshift-burn --example training_speed -- [NETWORK] [float|q|ps] [STEPS]`; `scripts/bench/training`
//! runs it beside PyTorch. Batches are of 64 pictures for MNIST's networks and of 128 for all others.

use std::time::Instant;

use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Distribution, Int, Tensor};
use deepshift_burn::{Mode, Network, TrainingOptions, Value, initial_state};
use deepshift_core::graph::Graph;
use deepshift_core::{ShiftFormat, ShiftType};
use deepshift_models::{Conversion, by_name, to_shift};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WARM_UP_STEPS: usize = 3;
const LEARNING_RATE: f64 = 0.01;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "simple_conv".into());
    let kind = arguments.next().unwrap_or_else(|| "float".into());
    let steps = arguments.next().map_or(100, |steps| steps.parse().expect("STEPS is a number"));
    println!("{:.4}", seconds_per_1000(&graph(&name, &kind), steps));
}

fn graph(name: &str, kind: &str) -> Graph {
    let graph = by_name(name).expect("NETWORK is the name of an architecture");
    let shift_type = match kind {
        "float" => return graph,
        "q" => ShiftType::Q,
        "ps" => ShiftType::PS,
        _ => panic!("the kind of layers is float, q or ps"),
    };
    let conversion = Conversion {
        shift_depth: 1000,
        format: ShiftFormat::new(shift_type, 5).expect("5 bits are a format"),
        activation_bits: [16, 16],
        convert_all_linear: true,
    };
    to_shift(&graph, &conversion).expect("a float graph")
}

fn seconds_per_1000(graph: &Graph, steps: usize) -> f64 {
    let device = Device::flex().autodiff();
    let (pictures, labels) = data(graph, &device);
    let mut network =
        Network::from_state(graph, &initial_state(graph, 1), TrainingOptions::default(), &device)
            .expect("a state for this graph");
    let mut optimizer = SgdConfig::new().init();
    let mut start = Instant::now();
    for step in 0..WARM_UP_STEPS + steps {
        if step == WARM_UP_STEPS {
            start = Instant::now();
        }
        network = network.clamp_parameters();
        let mode = Mode::Training { seed: 1, pass: step as u64 };
        let logits = network.forward(Value::Picture(pictures.clone()), mode).expect("pictures that fit");
        let loss = log_softmax(logits, 1).gather(1, labels.clone()).mean().neg();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(LEARNING_RATE, network, gradients);
    }
    start.elapsed().as_secs_f64() * 1000.0 / (steps * pictures.dims()[0]) as f64
}

/// Random pictures `[n, c, h, w]` and labels `[n, 1]` of ten classes.
fn data(graph: &Graph, device: &Device) -> (Tensor<4>, Tensor<2, Int>) {
    let &[channels, height, width] = graph.input_shape() else { panic!("a network for pictures") };
    let batch = if height == 28 { 64 } else { 128 };
    device.seed(1);
    let pictures = Tensor::random([batch, channels, height, width], Distribution::Normal(0.0, 1.0), device);
    let labels = Tensor::<1, Int>::arange(0..batch as i64, device) % 10;
    (pictures, labels.reshape([batch, 1]))
}
