//! Networks built from graphs: against the original's logits, and through the packed file.

use burn::tensor::{Device, Tensor, TensorData, activation};
use deepshift_burn::{Mode, Network, StateDict, TrainingOptions, Value, initial_state, read_state_dict};
use deepshift_core::graph::{Graph, Head};
use deepshift_core::{Input, Provenance, ShiftFormat, ShiftType, reference};
use deepshift_models::{ShiftOptions, by_name, shift_layers, to_shift};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
struct Golden {
    weights: String,
    io: String,
    model: String,
    shift_depth: usize,
    shift_type: ShiftType,
    weight_bits: u8,
    activation_bits: [u32; 2],
    converted_layers: usize,
    convert_all_linear: bool,
}

fn device() -> Device {
    Device::flex()
}

fn picture(graph: &Graph, values: Vec<f32>) -> Value {
    let [channels, height, width] = graph.input_shape().try_into().unwrap();
    let count = values.len() / (channels * height * width);
    let data = TensorData::new(values, [count, channels, height, width]);
    Value::Picture(Tensor::from_data(data, &device()))
}

fn build(graph: &Graph, state: &StateDict) -> Network {
    Network::from_state(graph, state, TrainingOptions::default(), &device()).unwrap()
}

fn logits(network: &Network, input: &[f32]) -> Vec<f32> {
    let logits = network.forward(picture(network.graph(), input.to_vec()), Mode::Evaluation).unwrap();
    logits.into_data().iter::<f32>().collect()
}

fn assert_close(actual: &[f32], expected: &[f32], allowed: f32, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    for (index, (a, b)) in actual.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= allowed * largest, "{what}, value {index}: {a} instead of {b}");
    }
}

#[test]
fn the_originals_networks_give_the_originals_logits() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/networks");
    let Ok(index) = std::fs::read_to_string(folder.join("index.json")) else {
        println!("skipped: {} is absent", folder.display());
        return;
    };
    for golden in serde_json::from_str::<Vec<Golden>>(&index).unwrap() {
        compare(&golden, &folder);
    }
}

fn compare(golden: &Golden, folder: &Path) {
    let options = ShiftOptions {
        shift_depth: golden.shift_depth,
        format: ShiftFormat::new(golden.shift_type, golden.weight_bits).unwrap(),
        activation_bits: golden.activation_bits,
        convert_all_linear: golden.convert_all_linear,
    };
    let graph = to_shift(&by_name(&golden.model).unwrap(), &options).unwrap();
    let state = read_state_dict(&folder.join(&golden.weights)).unwrap();
    let network = build(&graph, &state).rounded();
    let io = read_tensors(&folder.join(&golden.io));
    let output = logits(&network, &io["input"].values);
    assert_close(&head(&graph, output), &io["output"].values, 1e-4, &golden.weights);

    let model = network.export(None, Vec::new(), Provenance::default()).unwrap().model;
    let packed = reference::float_logits(&model, Input::Values(&io["input"].values)).unwrap();
    assert_close(&head(&graph, packed), &io["output"].values, 1e-4, &golden.weights);
    let convolutions = graph.nodes.iter().filter(|node| {
        matches!(node.op, deepshift_core::graph::Op::Conv2d(_)) && node.shift_scheme().is_some()
    });
    let counted = if golden.convert_all_linear { convolutions.count() } else { shift_layers(&graph).0 };
    assert_eq!(counted, golden.converted_layers, "{}", golden.weights);
}

fn head(graph: &Graph, logits: Vec<f32>) -> Vec<f32> {
    if graph.head == Head::Logits {
        return logits;
    }
    let count = logits.len() / 10;
    let logits: Tensor<2> = Tensor::from_data(TensorData::new(logits, [count, 10]), &device());
    activation::log_softmax(logits, 1).into_data().iter::<f32>().collect()
}

fn read_tensors(path: &Path) -> StateDict {
    read_state_dict(path).unwrap()
}

#[test]
fn the_packed_model_computes_what_the_network_computes() {
    for name in ["simple_linear", "simple_conv", "resnet20"] {
        for shift_type in [ShiftType::Q, ShiftType::PS] {
            let options = ShiftOptions {
                shift_depth: 1000,
                format: ShiftFormat::new(shift_type, 4).unwrap(),
                activation_bits: [3, 5],
                convert_all_linear: name != "simple_linear",
            };
            let graph = to_shift(&by_name(name).unwrap(), &options).unwrap();
            let network = build(&graph, &initial_state(&graph, 7)).rounded();
            let model = network.export(None, Vec::new(), Provenance::default()).unwrap().model;
            let input = deepshift_models::formula_input(&graph, 5, 2);
            let packed = reference::float_logits(&model, Input::Values(&input)).unwrap();
            assert_close(&packed, &logits(&network, &input), 1e-5, name);
        }
    }
}

#[test]
fn a_state_dict_survives_the_network() {
    let graph = by_name("resnet20").unwrap();
    let state = initial_state(&graph, 3);
    assert_eq!(build(&graph, &state).state(), state);
    assert_eq!(initial_state(&graph, 3), state);
    assert_ne!(initial_state(&graph, 4), state);
}

#[test]
fn weights_of_another_network_are_refused_by_name() {
    let state = initial_state(&by_name("simple_conv").unwrap(), 1);
    let refuse = |name: &str| {
        let graph = by_name(name).unwrap();
        let result = Network::from_state(&graph, &state, TrainingOptions::default(), &device());
        result.unwrap_err().to_string()
    };
    let error = refuse("simple_linear");
    assert!(error.contains("fc1.weight") && error.contains("simple_linear"), "{error}");
    let error = refuse("resnet20");
    assert!(error.contains("conv1.weight"), "{error}");
}
