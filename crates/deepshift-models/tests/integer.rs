//! Integer networks against the float networks they are built from.

use deepshift_core::reference::{float_logits, float_nodes, integer_logits};
use deepshift_core::{
    FloatTensor, Input, Model, Provenance, ShiftFormat, ShiftType, ShiftWeight, Tensor,
    graph::{Activation, BatchNorm, Conv2d, Graph, GraphBuilder, Op, Pool},
};
use deepshift_models::integer::{ActivationStatistics, build_integer};
use deepshift_models::{ShiftOptions, by_name, formula_input, formula_weights, to_shift};

fn shift_model(graph: &Graph, shift_type: ShiftType, bits: u8) -> Model {
    let options = ShiftOptions {
        shift_depth: 1000,
        format: ShiftFormat::new(shift_type, bits).unwrap(),
        activation_bits: [16, 16],
        convert_all_linear: true,
    };
    let graph = to_shift(graph, &options).unwrap();
    let mut tensors = formula_weights(&graph, 3);
    for node in graph.nodes.iter().filter(|node| node.shift_scheme().is_some()) {
        let tensor = tensors.get_mut(&format!("{}.weight", node.name)).unwrap();
        let Tensor::Float(FloatTensor { shape, values }) = tensor.clone() else { panic!() };
        *tensor = Tensor::Shift(ShiftWeight::from_values(shape, options.format, &values).unwrap().0);
    }
    Model {
        graph,
        tensors,
        integer: None,
        preprocessing: None,
        classes: Vec::new(),
        provenance: Provenance::default(),
    }
}

fn calibrate(model: &Model, input: &[f32]) -> Vec<ActivationStatistics> {
    let mut statistics = vec![ActivationStatistics::default(); model.graph.nodes.len()];
    for picture in input.chunks(model.graph.input_shape().iter().product()) {
        for (statistics, values) in statistics.iter_mut().zip(float_nodes(model, picture).unwrap()) {
            statistics.observe(&values);
        }
    }
    statistics
}

/// Root mean square difference of the logits, relative to that of the float logits.
fn relative_difference(float: &[f32], integer: &[f32]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f32>| values.map(|x| f64::from(x).powi(2)).sum::<f64>();
    let difference = square(&mut float.iter().zip(integer).map(|(a, b)| a - b));
    (difference / square(&mut float.iter().copied())).sqrt()
}

fn check(graph: &Graph, allowed: f64) {
    for (shift_type, bits) in [(ShiftType::PS, 5), (ShiftType::Q, 5), (ShiftType::PS, 4), (ShiftType::Q, 4)] {
        for multiplier_free in [false, true] {
            let mut model = shift_model(graph, shift_type, bits);
            let input = formula_input(&model.graph, 3, 2);
            let statistics = calibrate(&model, &input);
            build_integer(&mut model, &statistics, multiplier_free).unwrap();
            let network = model.integer.as_ref().unwrap();
            assert!(!multiplier_free || network.is_multiplier_free());
            let float = float_logits(&model, Input::Values(&input)).unwrap();
            let integer = integer_logits(&model, Input::Values(&input)).unwrap();
            let difference = relative_difference(&float, &integer);
            assert!(
                difference < allowed,
                "{} {shift_type:?} {bits} multiplier-free {multiplier_free}: {difference}",
                graph.name
            );
            let read = Model::from_bytes(&model.to_bytes().unwrap()).unwrap();
            assert_eq!(read, model);
        }
    }
}

#[test]
fn the_named_networks() {
    for name in ["simple_linear", "simple_conv", "resnet20"] {
        check(&by_name(name).unwrap(), 0.06);
    }
}

/// A network with every operation that integer mode knows.
fn every_operation() -> Graph {
    let mut b = GraphBuilder::new("every_operation", &[3, 12, 12]);
    let stem = b.conv("stem", 0, Conv2d::square(3, 8, 3).padded(1));
    let stem = b.batch_norm("stem_norm", stem, 8);
    let stem = b.op("stem_relu6", Op::Activation(Activation::Relu6), &[stem]);
    let left = b.op("left", Op::Slice([0, 4]), &[stem]);
    let right = b.op("right", Op::Slice([4, 8]), &[stem]);
    let left = b.conv("grouped", left, Conv2d { groups: 2, ..Conv2d::square(4, 4, 3).padded(1).biased() });
    let left = b.op("swish", Op::Activation(Activation::Swish), &[left]);
    let joined = b.op("concat", Op::Concat, &[left, right]);
    let joined = b.op("shuffle", Op::ChannelShuffle(2), &[joined]);
    let norm = b.op("norm", Op::BatchNorm(BatchNorm { channels: 8, eps: 1e-5 }), &[joined]);
    let norm = b.relu("norm_relu", norm);
    let sum = b.op("sum", Op::Add, &[norm, stem]);
    let squeezed = b.op("squeeze", Op::AdaptiveAvgPool([1, 1]), &[sum]);
    let gate = b.conv("excite", squeezed, Conv2d::square(8, 8, 1).biased());
    let gate = b.op("sigmoid", Op::Activation(Activation::Sigmoid), &[gate]);
    let gated = b.op("gate", Op::Multiply, &[sum, gate]);
    let dropped = b.op("dropout", Op::Dropout(0.5), &[gated]);
    let pool = Pool { kernel: [3, 3], stride: [2, 2], padding: [1, 1], ceil_mode: false };
    let most = b.op("max", Op::MaxPool(pool), &[dropped]);
    let mean = b.op("mean", Op::AvgPool(pool), &[dropped]);
    let both = b.op("both", Op::Concat, &[most, mean]);
    let last = b.conv("classifier", both, Conv2d::square(16, 10, 1).biased());
    let last = b.op("pooled", Op::AdaptiveAvgPool([1, 1]), &[last]);
    let logits = b.op("flatten", Op::Flatten, &[last]);
    b.finish(logits)
}

#[test]
fn every_operation_has_an_integer_form() {
    let graph = every_operation();
    for bits in [3, 5] {
        let mut model = shift_model(&graph, ShiftType::PS, bits);
        let input = formula_input(&graph, 3, 6);
        let statistics = calibrate(&model, &input);
        build_integer(&mut model, &statistics, false).unwrap();
        let float = float_logits(&model, Input::Values(&input)).unwrap();
        let integer = integer_logits(&model, Input::Values(&input)).unwrap();
        let difference = relative_difference(&float, &integer);
        assert!(difference < 0.06, "{bits} bits: {difference}");
        assert!(!model.integer.as_ref().unwrap().is_multiplier_free());
        assert_eq!(Model::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
    }
}

#[test]
fn what_has_no_integer_form_is_refused_by_name() {
    let graph = by_name("simple_linear").unwrap();
    let mut wide = shift_model(&graph, ShiftType::Q, 6);
    let statistics = calibrate(&wide, &formula_input(&graph, 3, 1));
    let before = wide.clone();
    let error = build_integer(&mut wide, &statistics, false).unwrap_err().to_string();
    assert!(error.contains("fc1") && error.contains("6 bits"), "{error}");
    assert_eq!(wide, before);

    let mut float = Model { tensors: formula_weights(&graph, 3), graph: graph.clone(), ..wide };
    let error = build_integer(&mut float, &statistics, false).unwrap_err().to_string();
    assert!(error.contains("fc1") && error.contains("f32"), "{error}");
}

#[test]
fn sums_that_would_overflow_raise_the_exponent() {
    let mut b = GraphBuilder::new("long", &[4096]);
    let x = b.linear("fc", 0, 4096, 2);
    let graph = b.finish(x);
    let mut model = shift_model(&graph, ShiftType::Q, 5);
    let mut values = vec![1.0; 4096];
    values.extend([2f32.powi(-15); 4096]);
    let format = ShiftFormat::new(ShiftType::Q, 5).unwrap();
    let (weight, _) = ShiftWeight::from_values(vec![2, 4096], format, &values).unwrap();
    model.tensors.insert("fc.weight".into(), Tensor::Shift(weight));
    let input = formula_input(&graph, 3, 1);
    let statistics = calibrate(&model, &input);
    let report = build_integer(&mut model, &statistics, false).unwrap();
    let raised = report.raised.iter().map(|raised| (raised.layer.as_str(), raised.channel, raised.steps));
    assert_eq!(raised.collect::<Vec<_>>(), [("fc", 0, 4)]);
    assert_eq!(model.shift_weight("fc").unwrap().exponents, Some(vec![4, 0]));
    let float = float_logits(&model, Input::Values(&input)).unwrap();
    let integer = integer_logits(&model, Input::Values(&input)).unwrap();
    assert!((float[0] - integer[0]).abs() < 0.02 * float[0].abs() + 0.5, "{float:?} {integer:?}");
}
