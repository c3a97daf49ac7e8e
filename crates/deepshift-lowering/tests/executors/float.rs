//! Float mode agrees with the reference interpreter to rounding error.

use crate::assertions::{run, try_run};
use crate::common::cases::{self, alone, difference, every_float_operation, float_shapes, not_finite};
use crate::common::{Error, Gpu, LayerSpec, Options, Random, Twin, gpu, variants};
use deepshift_core::graph::{GraphBuilder, Linear, Op, ShiftScheme, WeightKind};
use deepshift_core::reference::float_logits;
use deepshift_core::{
    FixedPoint, Input, Kernel, Mode, Model, Provenance, ShiftFormat, ShiftType, ShiftWeight, Tensor,
};

/// Asserts agreement to 1e-5 of the largest logit.
fn assert_close(gpu: &Gpu, model: &Model, input: Input, what: &str) {
    let expected = float_logits(model, input).expect(what);
    let devices = variants(gpu);
    let dots = devices.iter().map(|gpu| (gpu, Kernel::Dot));
    for (gpu, kernel) in dots.chain([(gpu, Kernel::NaiveMultiply)]) {
        let logits = run(gpu, model, input, Options { mode: Mode::Float, kernel }, what);
        if let Some(index) = difference(&logits, &expected) {
            panic!("{what} {kernel}: {} instead of {}", logits[index], expected[index]);
        }
    }
}

#[test]
fn every_movement() {
    let Some(gpu) = gpu() else { return };
    for model in cases::every_movement() {
        let values = Random(6).floats(2 * 128, 3.0);
        assert_close(gpu, &model, Input::Values(&values), &format!("{:?}", model.graph.nodes));
    }
}

#[test]
fn single_layers() {
    let Some(gpu) = gpu() else { return };
    let rounding = FixedPoint::from_activation_bits(3, 5).expect("a format");
    for (index, (conv, shape)) in float_shapes().into_iter().enumerate() {
        for (count, shift_type, bits, two_terms, fixed) in [
            (1, ShiftType::PS, 5, false, None),
            (5, ShiftType::PS, 3, true, Some(rounding)),
            (2, ShiftType::Q, 4, index % 2 == 0, None),
        ] {
            let mut twin = Twin::new(index as u64, &shape);
            let spec = LayerSpec { fixed, two_terms, exponents: true, ..LayerSpec::new(shift_type, bits) };
            let output = twin.conv(0, conv.clone(), spec);
            let model = twin.finish(output);
            let values = Random(9).floats(count * shape.iter().product::<usize>(), 3.0);
            assert_close(gpu, &model, Input::Values(&values), &format!("{spec:?} {conv:?}"));
        }
    }
}

/// Exponents of 8-bit codes go beyond what shaders decode, and so do some channel exponents.
#[test]
fn extreme_exponents() {
    let Some(gpu) = gpu() else { return };
    for (bits, exponents) in
        [(8, vec![0, 3, -5]), (7, vec![2, 0, 1]), (5, vec![-70, 0, -69]), (6, vec![1, 0, -1])]
    {
        let format = ShiftFormat::new(ShiftType::PS, bits).expect("a format");
        let mut random = Random(bits.into());
        let codes: Vec<f32> =
            (0..3 * 6).map(|_| random.pick(&[-1.0, 1.0]) * 2f32.powi(-(random.below(30) as i32))).collect();
        let (mut weight, _) = ShiftWeight::from_values(vec![3, 6], format, &codes).expect("a weight");
        weight.exponents = Some(exponents);
        let scheme = ShiftScheme { format, input: None, bias: None };
        let linear =
            Linear { in_features: 6, out_features: 3, bias: false, weight: WeightKind::Shift(scheme) };
        let mut builder = GraphBuilder::new("extreme", &[6]);
        let output = builder.op("fc", Op::Linear(linear), &[0]);
        let model = Model {
            graph: builder.finish(output),
            tensors: [("fc.weight".to_owned(), Tensor::Shift(weight))].into(),
            integer: None,
            preprocessing: None,
            classes: Vec::new(),
            provenance: Provenance::default(),
        };
        assert_close(gpu, &model, Input::Values(&random.floats(12, 3.0)), &format!("{bits} bits"));
    }
}

#[test]
fn whole_networks_with_every_operation() {
    let Some(gpu) = gpu() else { return };
    for seed in 0..4 {
        let model = every_float_operation(seed);
        let mut random = Random(seed);
        let bytes: Vec<u8> = (0..[1, 3, 40, 0][seed as usize] * 429).map(|_| random.bits() as u8).collect();
        assert_close(gpu, &model, Input::Pictures(&bytes), "bytes");
        let values: Vec<f32> = random.floats(429 * 2, 2.0);
        assert_close(gpu, &model, Input::Values(&values), "values");
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    let Some(gpu) = gpu() else { return };
    for model in alone() {
        // All inputs at once, as one batch.
        let values = not_finite(252).concat();
        assert_close(gpu, &model, Input::Values(&values), &format!("{:?}", model.graph.nodes));
    }
    for (index, (conv, shape)) in float_shapes().into_iter().enumerate() {
        for fixed in [None, FixedPoint::from_activation_bits(3, 5).ok()] {
            let mut twin = Twin::new(index as u64, &shape);
            let spec = LayerSpec { fixed, exponents: true, ..LayerSpec::new(ShiftType::PS, 4) };
            let output = twin.conv(0, conv.clone(), spec);
            let values = not_finite(shape.iter().product()).concat();
            assert_close(gpu, &twin.finish(output), Input::Values(&values), &format!("{spec:?} {conv:?}"));
        }
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let Some(gpu) = gpu() else { return };
    let model = every_float_operation(1);
    let logits = |model: &Model, options, input| try_run(gpu, model, options, input);
    let make = |model: &Model, mode, kernel| logits(model, Options { mode, kernel }, Input::Values(&[]));
    let message = |mode, kernel| make(&model, mode, kernel).expect_err("an error").to_string();
    assert!(message(Mode::Float, Kernel::Shift).contains("no shift kernel in float mode"));
    assert!(message(Mode::Integer, Kernel::Dot).contains("export it again"));
    let wrong = logits(&model, Options::default(), Input::Values(&[0.0; 430]));
    assert!(matches!(wrong, Err(Error::Core(_))));
    let untold = Model { preprocessing: None, ..model.clone() };
    let wrong = logits(&untold, Options::default(), Input::Pictures(&[0; 429]));
    assert!(wrong.expect_err("an error").to_string().contains("f32 values"));
    let mut broken = model.clone();
    broken.tensors.remove("fc.weight");
    assert!(matches!(make(&broken, Mode::Float, Kernel::Dot), Err(Error::Core(_))));
}
