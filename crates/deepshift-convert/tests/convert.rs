//! Small networks with pseudo-random weights, converted from end to end.

use deepshift_convert::{Converted, Error, Options, convert};
use deepshift_core::graph::{Activation, BatchNorm, Conv2d, Graph, GraphBuilder, Movement, Op};
use deepshift_core::{
    FloatTensor, Input, Mode, Model, Provenance, ShiftFormat, ShiftType, ShiftWeight, Tensor,
};
use deepshift_cpu::Executor;
use deepshift_models::integer::build_integer;
use deepshift_models::{Conversion, formula_input, formula_weights};
use std::ops::ControlFlow;

/// Inverted residual, a convolution without BatchNorm, groups, a shared value, and an auxiliary head.
fn graph() -> Graph {
    let mut net = GraphBuilder::new("small", &[3, 12, 12]);
    let norm = |channels| Op::BatchNorm(BatchNorm { channels, eps: 1e-3 });
    let relu6 = Op::Activation(Activation::Relu6);
    let x = net.conv("stem", 0, Conv2d::square(3, 8, 3).padded(1));
    let x = net.op("stem_norm", norm(8), &[x]);
    let skip = net.op("stem_relu", relu6.clone(), &[x]);
    let x = net.conv("expand", skip, Conv2d::square(8, 24, 1));
    let x = net.op("expand_norm", norm(24), &[x]);
    let x = net.op("expand_relu", relu6.clone(), &[x]);
    let x = net.conv("depthwise", x, Conv2d { groups: 24, ..Conv2d::square(24, 24, 3).padded(1) });
    let x = net.op("depthwise_norm", norm(24), &[x]);
    let x = net.op("depthwise_relu", relu6, &[x]);
    let x = net.conv("project", x, Conv2d::square(24, 8, 1));
    let x = net.op("project_norm", norm(8), &[x]);
    let x = net.op("add", Op::Add, &[skip, x]);
    let x = net.conv("plain", x, Conv2d::square(8, 8, 3).strided(2));
    let auxiliary = net.conv("auxiliary", x, Conv2d::square(8, 4, 1).biased());
    let x = net.op("plain_relu", Op::Activation(Activation::Relu), &[x]);
    let x = net.conv("grouped", x, Conv2d { groups: 2, ..Conv2d::square(8, 16, 3).biased() });
    let x = net.op("pool", Op::AdaptiveAvgPool([1, 1]), &[x]);
    let x = net.op("flatten", Op::Move(Movement::Flatten), &[x]);
    let x = net.linear("fc", x, 16, 10);
    let mut graph = net.finish(x);
    graph.outputs.push(auxiliary);
    graph
}

fn model() -> Model {
    let graph = graph();
    let tensors = formula_weights(&graph, 5);
    let provenance = Provenance::default();
    Model { graph, tensors, integer: None, preprocessing: None, classes: Vec::new(), provenance }
}

fn options(bits: u8) -> Options {
    Options {
        conversion: Conversion {
            shift_depth: 1000,
            format: ShiftFormat::new(ShiftType::PS, bits).unwrap(),
            activation_bits: [16, 16],
            convert_all_linear: true,
        },
        two_terms: false,
        channel_exponents: true,
        reconstruct: true,
    }
}

fn go(model: &Model, pictures: Option<&[f32]>, options: &Options) -> Converted {
    convert(model, pictures.map(Input::Values), options, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn run(model: &Model, pictures: &[f32]) -> Vec<f32> {
    Executor::new(model, Default::default()).unwrap().run(Input::Values(pictures)).unwrap()
}

/// Squared error of the logits on pictures that were not seen, in squares of what they are without their means.
fn error(converted: &Model, float: &Model) -> f64 {
    let pictures = formula_input(&float.graph, 99, 64);
    let (got, wanted) = (run(converted, &pictures), run(float, &pictures));
    let squares =
        |difference: &dyn Fn(usize) -> f64| (0..wanted.len()).map(|i| difference(i).powi(2)).sum::<f64>();
    let mean = |i: usize| wanted.iter().skip(i % 10).step_by(10).map(|&x| f64::from(x)).sum::<f64>() / 64.0;
    squares(&|i| f64::from(got[i] - wanted[i])) / squares(&|i| f64::from(wanted[i]) - mean(i))
}

#[test]
fn every_method_loses_less_than_the_one_before() {
    let model = model();
    let pictures = formula_input(&model.graph, 1, 48);
    let paper = Options { channel_exponents: false, reconstruct: false, ..options(4) };
    let exponents = Options { channel_exponents: true, ..paper };
    let errors = [
        error(&go(&model, None, &paper).model, &model),
        error(&go(&model, Some(&pictures), &paper).model, &model),
        error(&go(&model, Some(&pictures), &exponents).model, &model),
        error(&go(&model, Some(&pictures), &options(4)).model, &model),
        error(&go(&model, Some(&pictures), &Options { two_terms: true, ..options(4) }).model, &model),
    ];
    assert!(errors.windows(2).all(|pair| pair[1] < pair[0]), "{errors:?}");
    assert!(errors[3] < 0.85 * errors[2] && errors[4] < 0.02, "{errors:?}");
}

#[test]
fn without_channel_exponents_a_batch_norm_takes_up_the_scale() {
    let mut model = model();
    // Weights far below the smallest power of two of 3 bits, in a layer that BatchNorm follows and makes up for.
    for (name, factor) in
        [("stem.weight", 1e-3), ("stem_norm.running_var", 1e-6), ("stem_norm.running_mean", 1e-3)]
    {
        let Some(Tensor::Float(tensor)) = model.tensors.get_mut(name) else { panic!("no {name}") };
        tensor.values.iter_mut().for_each(|value| *value *= factor);
    }
    let pictures = formula_input(&model.graph, 1, 48);
    let stem = |options: &Options| go(&model, Some(&pictures), options).layers[0].clone();
    let (with, without) = (stem(&options(3)), stem(&Options { channel_exponents: false, ..options(3) }));
    assert_eq!((with.name.as_str(), without.exponents), ("stem", [0, 0]));
    assert!(with.exponents[1] < -3, "{:?}", with.exponents);
    assert_eq!(without.output_error, with.output_error);
}

#[test]
fn without_options_weights_are_rounded_as_the_paper_rounds_them() {
    let model = model();
    let options = Options { channel_exponents: false, reconstruct: false, ..options(5) };
    let converted = go(&model, None, &options);
    assert_eq!(converted.layers.len(), 8);
    assert!(converted.statistics.is_empty());
    for report in &converted.layers {
        let name = format!("{}.weight", report.name);
        let Tensor::Float(FloatTensor { shape, values }) = &model.tensors[&name] else { panic!() };
        let rounded = ShiftWeight::from_values(shape.clone(), options.conversion.format, values).unwrap().0;
        assert_eq!(converted.model.tensors[&name], Tensor::Shift(rounded));
        assert_eq!((report.bits, report.exponents, report.output_error), (5, [0, 0], None));
    }
    for (name, tensor) in
        model.tensors.iter().filter(|(name, _)| !converted.model.tensors[*name].eq(&model.tensors[*name]))
    {
        assert!(matches!(converted.model.tensors[name], Tensor::Shift(_)), "{name} {:?}", tensor.shape());
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let model = model();
    let pictures = formula_input(&model.graph, 1, 40);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| go(&model, Some(&pictures), &options(3)))
    };
    let (one, three) = (on(1), on(3));
    assert_eq!(one.model, three.model);
    assert_eq!(one.layers, three.layers);
    let bits = |converted: &Converted| {
        converted.statistics.iter().map(|node| node.fraction_bits()).collect::<Vec<i32>>()
    };
    assert_eq!(bits(&one), bits(&three));
}

#[test]
fn integer_mode_is_close_to_float_mode() {
    let model = model();
    let pictures = formula_input(&model.graph, 1, 48);
    let mut converted = go(&model, Some(&pictures), &Options { two_terms: true, ..options(4) });
    for multiplier_free in [false, true] {
        build_integer(&mut converted.model, &converted.statistics, multiplier_free).unwrap();
        let held_out = formula_input(&model.graph, 2, 16);
        let executor = |mode| {
            let options = deepshift_cpu::Options { mode, ..Default::default() };
            Executor::new(&converted.model, options).unwrap().run(Input::Values(&held_out)).unwrap()
        };
        let (float, integer) = (executor(Mode::Float), executor(Mode::Integer));
        let largest = float.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
        let off = float.iter().zip(&integer).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 0.15 * largest, "{off} of {largest}");
    }
}

/// Sets weights of some channels.
fn with(mut model: Model, tensor: &str, change: impl Fn(usize, f32) -> f32) -> Model {
    let Some(Tensor::Float(FloatTensor { values, .. })) = model.tensors.get_mut(tensor) else { panic!() };
    values.iter_mut().enumerate().for_each(|(index, value)| *value = change(index, *value));
    model
}

#[test]
fn degenerate_networks_convert() {
    let cases = [
        ("zero weights", with(model(), "expand.weight", |_, _| 0.0)),
        ("a channel of zeros", with(model(), "stem.weight", |index, w| if index < 27 { 0.0 } else { w })),
        ("dead channels", with(model(), "stem_norm.bias", |index, b| if index < 4 { -100.0 } else { b })),
        ("all channels dead", with(model(), "stem_norm.bias", |_, _| -100.0)),
        ("gains of zero", with(model(), "project_norm.weight", |_, _| 0.0)),
        ("no variance", with(model(), "depthwise_norm.running_var", |_, _| 0.0)),
        ("tiny weights", with(model(), "depthwise.weight", |_, w| w * 1e-20)),
        ("huge weights", with(model(), "project.weight", |_, w| w * 1e15)),
    ];
    for (what, model) in cases {
        for two_terms in [false, true] {
            for shift_type in [ShiftType::Q, ShiftType::PS] {
                let mut options = Options { two_terms, ..options(3) };
                options.conversion.format = ShiftFormat::new(shift_type, 3).unwrap();
                let pictures = formula_input(&model.graph, 1, 4);
                let converted = go(&model, Some(&pictures), &options);
                let logits = run(&converted.model, &pictures);
                assert!(logits.iter().all(|x| x.is_finite()), "{what}");
            }
        }
    }
}

#[test]
fn one_picture_is_enough_to_get_through() {
    let model = model();
    let one = formula_input(&model.graph, 1, 1);
    let converted = go(&model, Some(&one), &options(4));
    // The last layer has one sample and sixteen weights a channel: only its bias can follow, and does.
    let (got, wanted) = (run(&converted.model, &one), run(&model, &one));
    assert!(got.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-3), "{got:?} {wanted:?}");
    assert!(error(&converted.model, &model) < 10.0);
}

#[test]
fn what_nobody_needs_is_rounded_and_what_stays_float_stays() {
    let model = model();
    let pictures = formula_input(&model.graph, 1, 8);
    let all = go(&model, Some(&pictures), &options(4));
    let auxiliary = all.layers.iter().find(|layer| layer.name == "auxiliary").unwrap();
    assert_eq!(auxiliary.output_error, None);
    assert!(
        all.layers.iter().filter(|layer| layer.name != "auxiliary").all(|layer| layer.output_error.is_some())
    );
    // The convolution that had nothing to set its mean right has a bias now.
    assert!(!model.tensors.contains_key("plain.bias") && all.model.tensors.contains_key("plain.bias"));
    let mut last = options(4);
    last.conversion.shift_depth = 2;
    let some = go(&model, Some(&pictures), &last);
    let names: Vec<&str> = some.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["auxiliary", "grouped", "fc"]);
    assert_eq!(some.model.tensors["stem.weight"], model.tensors["stem.weight"]);
}

#[test]
fn layers_too_wide_for_a_covariance_are_rounded() {
    let mut net = GraphBuilder::new("wide", &[1, 96, 96]);
    let x = net.op("flatten", Op::Move(Movement::Flatten), &[0]);
    let x = net.linear("wide", x, 96 * 96, 4);
    let x = net.linear("fc", x, 4, 3);
    let graph = net.finish(x);
    let model = Model { tensors: formula_weights(&graph, 5), graph, ..model() };
    let pictures = formula_input(&model.graph, 1, 12);
    let converted = go(&model, Some(&pictures), &Options { two_terms: true, ..options(4) });
    assert_eq!(converted.layers[0].output_error, None);
    // What the next layer sees is the rounded layer's, and it follows.
    assert!(converted.layers[1].output_error.unwrap() < 0.05, "{:?}", converted.layers[1]);
}

#[test]
fn it_can_be_stopped_and_says_where_it_is() {
    let model = model();
    let pictures = formula_input(&model.graph, 1, 2);
    let steps = [
        "channels",
        "stem",
        "expand",
        "depthwise",
        "project",
        "plain",
        "auxiliary",
        "grouped",
        "fc",
        "activations",
    ];
    for last in steps {
        let mut seen = Vec::new();
        let mut progress = |step: deepshift_convert::Progress| {
            seen.push((step.layer.to_owned(), step.done, step.layers));
            if step.layer == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let stopped = convert(&model, Some(Input::Values(&pictures)), &options(4), &mut progress);
        assert_eq!(stopped.unwrap_err(), Error::Stopped);
        let expected =
            steps.iter().enumerate().map(|(done, layer)| (layer.to_string(), done.saturating_sub(1), 8));
        assert_eq!(seen, expected.take(seen.len()).collect::<Vec<_>>());
        assert_eq!(seen.last().unwrap().0, last);
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let model = model();
    let go = |model: &Model, input: Option<Input>| {
        convert(model, input, &options(4), &mut |_| ControlFlow::Continue(())).unwrap_err()
    };
    assert!(matches!(go(&model, None), Error::BadArgument(_)));
    assert!(matches!(go(&model, Some(Input::Values(&[]))), Error::BadArgument(_)));
    assert!(matches!(go(&model, Some(Input::Values(&[0.0; 5]))), Error::Core(_)));
    assert!(matches!(go(&model, Some(Input::Pictures(&[0; 3 * 144]))), Error::Cpu(_)));
    let converted = convert(&model, None, &Options { reconstruct: false, ..options(4) }, &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(matches!(go(&converted.unwrap().model, None), Error::BadArgument(_)));
    let broken = with(model, "stem.weight", |_, _| f32::NAN);
    assert!(matches!(go(&broken, None), Error::Core(_)));
}
