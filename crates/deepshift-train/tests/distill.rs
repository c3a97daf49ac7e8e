//! A small network whose weights were rounded coarsely learns from the float network what it gave before.

use deepshift_core::graph::{Activation, BatchNorm, Conv2d, Graph, GraphBuilder, Movement, Op};
use deepshift_core::{Model, Preprocessing, Provenance, ShiftFormat, ShiftType, ShiftWeight, Tensor};
use deepshift_models::{Conversion, formula_weights, to_shift};
use deepshift_train::Distillation;
use deepshift_train::data::Dataset;
use std::num::NonZeroU32;

fn graph() -> Graph {
    let mut net = GraphBuilder::new("small", &[3, 8, 8]);
    let x = net.conv("conv", 0, Conv2d::square(3, 12, 3).padded(1));
    let x = net.op("norm", Op::BatchNorm(BatchNorm { channels: 12, eps: 1e-5 }), &[x]);
    let x = net.op("relu", Op::Activation(Activation::Relu), &[x]);
    let x = net.op("pool", Op::AdaptiveAvgPool([1, 1]), &[x]);
    let x = net.op("flatten", Op::Move(Movement::Flatten), &[x]);
    let x = net.linear("fc", x, 12, 4);
    net.finish(x)
}

fn float() -> Model {
    let graph = graph();
    let tensors = formula_weights(&graph, 3);
    let provenance = Provenance::default();
    Model { graph, tensors, integer: None, preprocessing: None, classes: Vec::new(), provenance }
}

/// Both layers in 5-bit codes of type PS with channel exponents, the second with two terms.
fn converted(float: &Model) -> Model {
    let format = ShiftFormat::new(ShiftType::PS, 5).unwrap();
    let conversion =
        Conversion { shift_depth: 9, format, activation_bits: [16, 16], convert_all_linear: true };
    let mut model = Model { graph: to_shift(&float.graph, &conversion).unwrap(), ..float.clone() };
    for layer in ["conv", "fc"] {
        let name = format!("{layer}.weight");
        let (shape, values) =
            (float.tensors[&name].shape().to_vec(), float.tensors[&name].values().into_owned());
        let mut weight = ShiftWeight::from_values(shape, format, &values).unwrap().0;
        weight.exponents = Some(vec![-2; weight.channels()]);
        weight.second = (layer == "fc").then(|| weight.first.clone());
        model.tensors.insert(name, Tensor::Shift(weight.with_values(&values).unwrap()));
    }
    model.check().unwrap();
    model
}

fn pictures() -> Dataset {
    let count = 60;
    let bytes = (0..count * 3 * 64u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 22) as u8).collect();
    let classes = ["a".into(), "b".into()].to_vec();
    let preprocessing = Preprocessing::new(vec![0.5; 3], vec![0.25; 3]);
    Dataset::new(bytes, vec![0; count as usize], [3, 8, 8], classes, preprocessing).unwrap()
}

/// The errors of the first and the last epoch, and the network.
fn distilled(float: &Model, converted: &Model, epochs: u32) -> (f64, f64, Model) {
    let pictures = pictures();
    let epochs = NonZeroU32::new(epochs).unwrap();
    let mut distillation = Distillation::new(float, converted, &pictures, epochs).unwrap();
    let steps = distillation.steps();
    let each = steps / epochs.get() as usize;
    let errors: Vec<f64> = (0..steps).map(|_| distillation.step().unwrap()).collect();
    let mean = |errors: &[f64]| errors.iter().sum::<f64>() / errors.len() as f64;
    (mean(&errors[..each]), mean(&errors[steps - each..]), distillation.finish().unwrap())
}

#[test]
fn the_answers_come_closer_and_the_codes_stay() {
    let float = float();
    let start = converted(&float);
    let (before, after, model) = distilled(&float, &start, 30);
    assert!(after < 0.5 * before, "{before} {after}");
    for layer in ["conv", "fc"] {
        let [old, new] = [&start, &model].map(|model| model.shift_weight(layer).unwrap());
        assert_eq!(
            (old.format, &old.exponents, old.byte_len()),
            (new.format, &new.exponents, new.byte_len())
        );
    }
    for statistic in ["norm.running_mean", "norm.running_var"] {
        assert_eq!(start.tensors[statistic], model.tensors[statistic]);
    }
    for learned in ["norm.bias", "conv.weight", "fc.bias"] {
        assert!(start.tensors[learned] != model.tensors[learned], "{learned}");
    }
}

#[test]
fn the_same_pictures_give_the_same_network() {
    let float = float();
    let start = converted(&float);
    assert!(distilled(&float, &start, 2).2 == distilled(&float, &start, 2).2);
}
