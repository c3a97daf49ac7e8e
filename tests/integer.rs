//! Integer networks against the float networks they are built from.

use deepshift_core::graph::{Graph, GraphBuilder, Movement, Op};
use deepshift_core::reference::{float_logits, integer_logits};
use deepshift_core::{FloatTensor, Input, Model, ShiftFormat, ShiftType, ShiftWeight, Tensor};
use deepshift_models::integer::build_integer;
use deepshift_models::{by_name, formula_input, formula_weights};
use deepshift_tests::{calibrate, every_movement, every_operation, float_model};

fn shift_model(graph: &Graph, shift_type: ShiftType, bits: u8) -> Model {
    float_model(graph, ShiftFormat::new(shift_type, bits).unwrap(), false).unwrap()
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
            let statistics = calibrate(&model, &input).unwrap();
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

#[test]
fn every_operation_has_an_integer_form() {
    let graph = every_operation();
    for bits in [3, 5] {
        let mut model = shift_model(&graph, ShiftType::PS, bits);
        let input = formula_input(&graph, 3, 6);
        let statistics = calibrate(&model, &input).unwrap();
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
fn every_movement_has_an_integer_form() {
    check(&every_movement(), 0.06);
}

#[test]
fn a_normalization_after_a_normalization_is_kept() {
    let mut builder = GraphBuilder::new("twice", &[3, 4, 4]);
    let first = builder.batch_norm("first", 0, 3);
    let second = builder.batch_norm("second", first, 3);
    let flat = builder.op("flat", Op::Move(Movement::Flatten), &[second]);
    let logits = builder.linear("fc", flat, 48, 10);
    check(&builder.finish(logits), 0.06);
}

/// The means of the input times each of `scales`, joined and rectified.
fn joined(join: Op, scales: &[f32]) -> Model {
    let mut builder = GraphBuilder::new("joined", &[4, 8, 8]);
    let norms: Vec<usize> =
        (0..scales.len()).map(|branch| builder.batch_norm(&format!("branch{branch}"), 0, 4)).collect();
    let join = builder.op("join", join, &norms);
    let relu = builder.relu("relu", join);
    let means = builder.op("means", Op::AdaptiveAvgPool([1, 1]), &[relu]);
    let graph = builder.finish(means);
    let mut model = shift_model(&graph, ShiftType::PS, 4);
    for (branch, &scale) in scales.iter().enumerate() {
        let tensor = |value| Tensor::Float(FloatTensor { shape: vec![4], values: vec![value; 4] });
        for (suffix, value) in [("weight", scale), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)]
        {
            model.tensors.insert(format!("branch{branch}.{suffix}"), tensor(value));
        }
    }
    model
}

#[test]
fn what_is_only_joined_is_rounded_once() {
    for (join, scales) in [(Op::Concat, [7.0, 3.4]), (Op::Add, [7.0, 0.3]), (Op::Add, [7.0, 3.4])] {
        let mut model = joined(join, &scales);
        let input = formula_input(&model.graph, 3, 20);
        let statistics = calibrate(&model, &input).unwrap();
        build_integer(&mut model, &statistics, false).unwrap();
        let nodes = &model.integer.as_ref().unwrap().nodes;
        let (branches, join) = (&nodes[1..3], &nodes[3]);
        assert_eq!(join.name, "relu");
        for branch in branches {
            assert_eq!(branch.format.fraction_bits, join.format.fraction_bits, "{}", branch.name);
        }
        let float = float_logits(&model, Input::Values(&input)).unwrap();
        let integer = integer_logits(&model, Input::Values(&input)).unwrap();
        let mean = |values: &[f32]| values.iter().map(|&x| f64::from(x)).sum::<f64>();
        let off = mean(&integer) / mean(&float) - 1.0;
        assert!(off.abs() < 1.5e-3, "{scales:?}: {off}");
    }
}

#[test]
fn what_has_no_integer_form_is_refused_by_name() {
    let graph = by_name("simple_linear").unwrap();
    let mut wide = shift_model(&graph, ShiftType::Q, 6);
    let statistics = calibrate(&wide, &formula_input(&graph, 3, 1)).unwrap();
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
    let statistics = calibrate(&model, &input).unwrap();
    let report = build_integer(&mut model, &statistics, false).unwrap();
    let raised = report.raised.iter().map(|raised| (raised.layer.as_str(), raised.channel, raised.steps));
    assert_eq!(raised.collect::<Vec<_>>(), [("fc", 0, 4)]);
    assert_eq!(model.shift_weight("fc").unwrap().exponents, Some(vec![4, 0]));
    let float = float_logits(&model, Input::Values(&input)).unwrap();
    let integer = integer_logits(&model, Input::Values(&input)).unwrap();
    assert!((float[0] - integer[0]).abs() < 0.02 * float[0].abs() + 0.5, "{float:?} {integer:?}");
}
