//! Float mode agrees with the reference interpreter to rounding error.

use super::Suite;
use crate::cases::{self, alone, every_float_operation, float_shapes, not_finite};
use crate::{LayerSpec, ModelBuilder, Random};
use deepshift_core::graph::{GraphBuilder, Linear, Op, ShiftScheme, WeightKind};
use deepshift_core::{
    FixedPoint, Input, Kernel, Mode, Model, Provenance, ShiftFormat, ShiftType, ShiftWeight, Tensor,
};

pub fn every_movement(suite: &Suite) {
    for model in cases::every_movement() {
        let values = Random(6).floats(2 * 128, 3.0);
        suite.assert_close(&model, Input::Values(&values), &format!("{:?}", model.graph.nodes));
    }
}

pub fn single_layers(suite: &Suite) {
    let rounding = FixedPoint::from_activation_bits(3, 5).expect("a format");
    for (index, (conv, shape)) in float_shapes().into_iter().enumerate() {
        for (count, shift_type, bits, two_terms, fixed) in [
            (1, ShiftType::PS, 5, false, None),
            (5, ShiftType::PS, 3, true, Some(rounding)),
            (2, ShiftType::Q, 4, index % 2 == 0, None),
        ] {
            let mut builder = ModelBuilder::new(index as u64, &shape);
            let spec = LayerSpec { fixed, two_terms, exponents: true, ..LayerSpec::new(shift_type, bits) };
            let output = builder.conv(0, conv.clone(), spec);
            let model = builder.finish(output);
            let values = Random(9).floats(count * shape.iter().product::<usize>(), 3.0);
            suite.assert_close(&model, Input::Values(&values), &format!("{spec:?} {conv:?}"));
        }
    }
}

/// Exponents of 8-bit codes go beyond what shaders decode, and so do some channel exponents.
pub fn extreme_exponents(suite: &Suite) {
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
        suite.assert_close(&model, Input::Values(&random.floats(12, 3.0)), &format!("{bits} bits"));
    }
}

pub fn whole_networks(suite: &Suite) {
    for seed in 0..4 {
        let model = every_float_operation(seed);
        let mut random = Random(seed);
        let bytes: Vec<u8> = (0..[1, 3, 40, 0][seed as usize] * 429).map(|_| random.bits() as u8).collect();
        suite.assert_close(&model, Input::Pictures(&bytes), "bytes");
        let values: Vec<f32> = random.floats(429 * 2, 2.0);
        suite.assert_close(&model, Input::Values(&values), "values");
    }
}

pub fn not_finite_values(suite: &Suite) {
    for model in alone() {
        // All inputs at once, as one batch.
        let values = not_finite(252).concat();
        suite.assert_close(&model, Input::Values(&values), &format!("{:?}", model.graph.nodes));
    }
    for (index, (conv, shape)) in float_shapes().into_iter().enumerate() {
        for fixed in [None, FixedPoint::from_activation_bits(3, 5).ok()] {
            let mut builder = ModelBuilder::new(index as u64, &shape);
            let spec = LayerSpec { fixed, exponents: true, ..LayerSpec::new(ShiftType::PS, 4) };
            let output = builder.conv(0, conv.clone(), spec);
            let values = not_finite(shape.iter().product()).concat();
            suite.assert_close(
                &builder.finish(output),
                Input::Values(&values),
                &format!("{spec:?} {conv:?}"),
            );
        }
    }
}

/// What cannot be done is said, with what helps.
pub fn errors(suite: &Suite) {
    let model = every_float_operation(1);
    let untold = Model { preprocessing: None, ..model.clone() };
    let mut broken = model.clone();
    broken.tensors.remove("fc.weight");
    let none = Input::Values(&[]);
    for device in &suite.devices {
        for (model, mode, kernel, input, expected) in [
            (&model, Mode::Float, Kernel::Shift, none, "no shift kernel in float mode"),
            (&model, Mode::Integer, Kernel::Dot, none, "export it again"),
            (&model, Mode::Float, Kernel::Dot, Input::Values(&[0.0; 430]), "430"),
            (&untold, Mode::Float, Kernel::Dot, Input::Pictures(&[0; 429]), "f32 values"),
            (&broken, Mode::Float, Kernel::Dot, none, "fc.weight"),
        ] {
            let message = device.run(model, mode, kernel, input).expect_err(expected);
            assert!(message.contains(expected), "{message}");
        }
    }
}
