//! Networks built from graphs: against the original's logits, and through the packed file.

use burn::tensor::{Device, Tensor, TensorData, activation};
use deepshift_burn::network::Layer;
use deepshift_burn::{Mode, Network, StateDict, TrainingOptions, Value, initial_state};
use deepshift_core::graph::{
    Activation, BatchNorm, Conv2d, Graph, GraphBuilder, Head, Movement, Op, PadShortcut, Pool,
};
use deepshift_core::{FloatTensor, Input, Provenance, ShiftFormat, ShiftType, reference};
use deepshift_models::{Conversion, by_name, formula_weights, shift_layers, to_shift};
use deepshift_weights::WeightFile;
use safetensors::tensor::{SafeTensors, TensorView};
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
    let options = Conversion {
        shift_depth: golden.shift_depth,
        format: ShiftFormat::new(golden.shift_type, golden.weight_bits).unwrap(),
        activation_bits: golden.activation_bits,
        convert_all_linear: golden.convert_all_linear,
    };
    let graph = to_shift(&by_name(&golden.model).unwrap(), &options).unwrap();
    let bytes = std::fs::read(folder.join(&golden.weights)).unwrap();
    let state = WeightFile::parse(&bytes).unwrap().choose(&graph, None).unwrap().state;
    let network = build(&graph, &state).rounded();
    let io = read_tensors(&folder.join(&golden.io));
    let output = logits(&network, &io["input"].values);
    assert_close(&head(&graph, output), &io["output"].values, 1e-4, &golden.weights);

    let model = network.export(None, Vec::new(), Provenance::default()).unwrap().model;
    let packed = reference::float_logits(&model, Input::Values(&io["input"].values)).unwrap();
    assert_close(&head(&graph, packed), &io["output"].values, 1e-4, &golden.weights);
    let convolutions =
        graph.nodes.iter().filter(|node| matches!(node.op, Op::Conv2d(_)) && node.shift_scheme().is_some());
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
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = |(name, view): (String, TensorView)| {
        let values = view.data().as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
        (name, FloatTensor { shape: view.shape().to_vec(), values })
    };
    file.tensors().into_iter().map(tensor).collect()
}

#[test]
fn the_packed_model_computes_what_the_network_computes() {
    for name in ["simple_linear", "simple_conv", "resnet20"] {
        for shift_type in [ShiftType::Q, ShiftType::PS] {
            let options = Conversion {
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

/// A graph with every operation; pools whose last windows leave the picture.
fn every_operation() -> Graph {
    let mut b = GraphBuilder::new("every_operation", &[3, 13, 11]);
    let pool = |padding, ceil_mode| Pool { kernel: [3; 2], stride: [2; 2], padding: [padding; 2], ceil_mode };
    let x = b.conv("conv", 0, Conv2d::square(3, 12, 3).padded(1).biased());
    let x = b.batch_norm("norm", x, 12);
    let x = b.op("relu6", Op::Activation(Activation::Relu6), &[x]);
    let pooled = b.op("max", Op::MaxPool(pool(1, true)), &[x]);
    let left = b.op("left", Op::Move(Movement::channels([0, 5])), &[pooled]);
    let right = b.op("right", Op::Move(Movement::channels([5, 12])), &[pooled]);
    let uneven = Conv2d { padding: [0, 2, 1, 1], groups: 7, ..Conv2d::square(7, 7, 3) };
    let right = b.conv("uneven", right, uneven);
    let x = b.op("joined", Op::Concat, &[right, left]);
    let x = b.op("shuffled", Op::Move(Movement::ChannelShuffle(4)), &[x]);
    let x = b.op("sum", Op::Add, &[x, pooled, x]);
    let x = b.op("swish", Op::Activation(Activation::Swish), &[x]);
    let x = b.op("dropped", Op::DropPath(0.5), &[x]);
    let gate = b.op("squeezed", Op::AdaptiveAvgPool([1, 1]), &[x]);
    let gate = b.op("gate", Op::Activation(Activation::Sigmoid), &[gate]);
    let x = b.op("gated", Op::Multiply, &[x, gate]);
    let x =
        b.op("padded", Op::Move(Movement::PadShortcut(PadShortcut { stride: 2, before: 1, after: 2 })), &[x]);
    let x = b.op("averaged", Op::AvgPool(pool(1, true)), &[x]);
    let x = b.op("adaptive", Op::AdaptiveAvgPool([3, 2]), &[x]);
    let x = b.op("flat", Op::Move(Movement::Flatten), &[x]);
    let auxiliary = b.linear("auxiliary", x, 90, 4);
    let x = b.op("dropout", Op::Dropout(0.5), &[x]);
    let x = b.linear("fc", x, 90, 10);
    Graph { outputs: vec![x, auxiliary], ..b.finish(x) }
}

#[test]
fn every_operation_equals_the_reference() {
    let graph = every_operation();
    let tensors = formula_weights(&graph, 5);
    let state = graph.parameters().into_iter().map(|(name, shape)| {
        let values = tensors[&name].values().into_owned();
        (name, FloatTensor { shape, values })
    });
    let network = build(&graph, &state.collect());
    let model = network.export(None, Vec::new(), Provenance::default()).unwrap().model;
    assert_eq!(model.tensors, tensors);
    let input = deepshift_models::formula_input(&graph, 5, 3);
    let expected = reference::float_logits(&model, Input::Values(&input)).unwrap();
    assert_close(&logits(&network, &input), &expected, 1e-5, "every operation");
}

#[test]
fn every_movement_and_its_gradient_equal_the_reference() {
    let device = Device::flex().autodiff();
    for movement in Movement::examples() {
        let mut builder = GraphBuilder::new("moved", &Movement::EXAMPLE_INPUT);
        let moved = builder.op("moved", Op::Move(movement.clone()), &[0]);
        let flat = builder.op("flat", Op::Move(Movement::Flatten), &[moved]);
        let graph = builder.finish(flat);
        let network = build(&graph, &StateDict::new());
        let model = network.export(None, Vec::new(), Provenance::default()).unwrap().model;
        let input = deepshift_models::formula_input(&graph, 5, 2);
        let expected = reference::float_logits(&model, Input::Values(&input)).unwrap();
        assert_close(&logits(&network, &input), &expected, 0.0, &format!("{movement:?}"));
        // The gradient of half the squares' sum is each value as often as it is copied.
        let network = Network::from_state(&graph, &StateDict::new(), TrainingOptions::default(), &device);
        let data = TensorData::new(input.clone(), [2, 8, 4, 4]);
        let pictures = Tensor::<4>::from_data(data, &device).require_grad();
        let output = network.unwrap().forward(Value::Picture(pictures.clone()), Mode::Evaluation).unwrap();
        let gradients = output.powi_scalar(2).sum().div_scalar(2.0).backward();
        let gradient: Vec<f32> = pictures.grad(&gradients).unwrap().to_data().iter().collect();
        let numbers: Vec<f32> = (0..128).map(|number| number as f32 + 1.0).collect();
        let copies = reference::float_logits(&model, Input::Values(&numbers)).unwrap();
        let expected: Vec<f32> = (0..256)
            .map(|place| {
                let number = (place % 128) as f32 + 1.0;
                input[place] * copies.iter().filter(|&&copy| copy == number).count() as f32
            })
            .collect();
        assert_close(&gradient, &expected, 1e-6, &format!("{movement:?}'s gradient"));
    }
}

/// Signed powers of two, and pictures of few bits: rounding changes nothing.
#[test]
fn uneven_padding_is_the_same_in_shift_layers() {
    let mut builder = GraphBuilder::new("uneven", &[3, 9, 8]);
    let uneven = Conv2d { stride: [2, 2], padding: [0, 1, 2, 1], ..Conv2d::square(3, 4, 3) };
    let x = builder.conv("conv", 0, uneven);
    let x = builder.op("flat", Op::Move(Movement::Flatten), &[x]);
    let graph = builder.finish(x);
    let power =
        |index: usize| 2f32.powi(-(index as i32 % 5)) * if index.is_multiple_of(3) { -1.0 } else { 1.0 };
    let weight = FloatTensor { shape: vec![4, 3, 3, 3], values: (0..108).map(power).collect() };
    let state = StateDict::from([("conv.weight".into(), weight)]);
    let input: Vec<f32> = (0..2 * 3 * 9 * 8).map(|index| (index * 7 % 64) as f32 / 8.0 - 4.0).collect();
    let device = Device::flex().autodiff();
    let pass = |graph: &Graph| {
        let network = Network::from_state(graph, &state, TrainingOptions::default(), &device).unwrap();
        let data = TensorData::new(input.clone(), [2, 3, 9, 8]);
        let pictures = Tensor::<4>::from_data(data, &device).require_grad();
        let logits = network.forward(Value::Picture(pictures.clone()), Mode::Evaluation).unwrap();
        let grads = (logits.clone() * logits.clone()).sum().backward();
        let gradient = pictures.grad(&grads).unwrap();
        [logits.to_data(), gradient.to_data()].map(|data| data.iter::<f32>().collect::<Vec<_>>())
    };
    let expected = pass(&graph);
    for shift_type in [ShiftType::Q, ShiftType::PS] {
        let format = ShiftFormat::new(shift_type, 5).unwrap();
        let options =
            Conversion { shift_depth: 1, format, activation_bits: [16, 16], convert_all_linear: false };
        for (ours, expected) in pass(&to_shift(&graph, &options).unwrap()).iter().zip(&expected) {
            assert_close(ours, expected, 1e-6, "uneven padding");
        }
    }
}

#[test]
fn efficientnet_lite0_trains_with_shift_layers() {
    let format = ShiftFormat::new(ShiftType::Q, 5).unwrap();
    let options =
        Conversion { shift_depth: 1000, format, activation_bits: [16, 16], convert_all_linear: true };
    let graph = to_shift(&by_name("efficientnet-lite0").unwrap(), &options).unwrap();
    let device = Device::flex().autodiff();
    let network =
        Network::from_state(&graph, &initial_state(&graph, 1), TrainingOptions::default(), &device).unwrap();
    let pictures = deepshift_models::formula_input(&graph, 5, 2);
    let data = TensorData::new(pictures, [2, 3, 224, 224]);
    let pictures = Value::Picture(Tensor::from_data(data, &device));
    // A dropped path would have no gradient. BatchNorm trains wherever there are gradients.
    let logits = network.forward(pictures, Mode::Evaluation).unwrap();
    let grads = activation::log_softmax(logits, 1).mean().backward();
    for layer in &network.layers {
        let Layer::ShiftConv2d(layer) = layer else { continue };
        let gradient = layer.weight.as_ref().unwrap().val().grad(&grads).unwrap();
        let sum: f32 = gradient.abs().sum().into_scalar();
        assert!(sum.is_finite() && sum > 0.0, "{sum} for {:?}", layer.rounded_weight().dims());
    }
}

#[test]
fn a_batch_norm_without_eps_is_refused() {
    let mut builder = GraphBuilder::new("test", &[4]);
    let norm = builder.op("norm", Op::BatchNorm(BatchNorm { channels: 4, eps: 0.0 }), &[0]);
    let graph = builder.finish(norm);
    let result =
        Network::from_state(&graph, &initial_state(&graph, 1), TrainingOptions::default(), &device());
    assert!(result.unwrap_err().to_string().contains("layer norm"));
}

#[test]
fn a_state_dict_survives_the_network() {
    let graph = by_name("resnet20").unwrap();
    let state = initial_state(&graph, 3);
    assert_eq!(build(&graph, &state).state(), state);
    assert_eq!(initial_state(&graph, 3), state);
    assert_ne!(initial_state(&graph, 4), state);
}

/// The fourth moment tells normal and uniform distributions apart.
#[test]
fn initial_weights_have_the_variance_of_their_makers() {
    let cases: [(&str, &str, f64, f64); 5] = [
        ("resnet20", "layer3.1.conv1.weight", 2.0 / (64.0 * 9.0), 3.0),
        ("resnet18", "layer4.0.conv1.weight", 2.0 / (512.0 * 9.0), 3.0),
        ("cifar10/vgg11", "classifier.weight", 1e-4, 3.0),
        ("cifar10/resnet18", "layer4.0.conv1.weight", 1.0 / (3.0 * 256.0 * 9.0), 1.8),
        ("squeezenet1_1", "classifier.1.weight", 1e-4, 3.0),
    ];
    for (name, parameter, variance, kurtosis) in cases {
        let state = initial_state(&by_name(name).unwrap(), 7);
        let values = &state[parameter].values;
        let moment =
            |power: i32| values.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / values.len() as f64;
        assert!(moment(1).abs() < 0.06 * variance.sqrt(), "{name}");
        assert!((moment(2) / variance - 1.0).abs() < 0.06, "{name}: {} for {variance}", moment(2));
        assert!((moment(4) / moment(2).powi(2) - kurtosis).abs() < 0.2, "{name}");
    }
    let state = initial_state(&by_name("cifar10/vgg11").unwrap(), 7);
    assert!(state["classifier.bias"].values.iter().all(|&bias| bias == 0.0));
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
    assert!(error.contains("lack fc3.weight") && error.contains("simple_linear"), "{error}");
    let error = refuse("resnet20");
    assert!(error.contains("lack bn1.weight"), "{error}");
}

/// PyTorch: `torch.nn.BatchNorm2d(1)` in training mode on these four values gives a running mean of 0.25 and a running
/// variance of 0.9 + 0.1 * 5/3.
#[test]
fn running_statistics_are_pytorchs() {
    let mut builder = GraphBuilder::new("norm", &[1, 2, 2]);
    let norm = builder.batch_norm("norm", 0, 1);
    let flat = builder.op("flatten", Op::Move(Movement::Flatten), &[norm]);
    let graph = builder.finish(flat);
    let device = Device::flex().autodiff();
    let network =
        Network::from_state(&graph, &initial_state(&graph, 1), TrainingOptions::default(), &device).unwrap();
    let data = TensorData::new(vec![1.0f32, 2.0, 3.0, 4.0], [1, 1, 2, 2]);
    let input = Value::Picture(Tensor::from_data(data, &device));
    network.forward(input, Mode::Training { seed: 1, pass: 0 }).unwrap();
    let state = network.state();
    assert!((state["norm.running_mean"].values[0] - 0.25).abs() < 1e-6, "{state:?}");
    assert!((state["norm.running_var"].values[0] - (0.9 + 0.1 * 5.0 / 3.0)).abs() < 1e-6, "{state:?}");
}
