//! Integer mode equals the reference interpreter to the bit.

use super::{Suite, assert_exact};
use crate::cases::{self, not_finite, random_conv, single, specs};
use crate::{LayerSpec, ModelBuilder, Random};
use deepshift_core::graph::{Activation, Conv2d};
use deepshift_core::integer::Rescale;
use deepshift_core::reference::integer_logits;
use deepshift_core::{FixedPoint, Input, Kernel, ShiftType};

fn bytes(random: &mut Random, count: usize) -> Vec<u8> {
    (0..count).map(|_| random.bits() as u8).collect()
}

/// Shapes at which kernels go wrong. Where a suite leaves codings out, these differ from shape to shape.
pub fn edge_shapes(suite: &Suite) {
    let mut random = Random(1);
    for (shape_index, (what, conv, input)) in cases::edge_shapes().into_iter().enumerate() {
        for (index, spec) in
            specs().into_iter().enumerate().skip(shape_index % suite.step).step_by(suite.step)
        {
            let model = single(index as u64, conv.clone(), input, spec);
            let elements: usize = input.iter().product();
            let pictures = bytes(&mut random, [1, 2, 0, 3][index % 4] * elements);
            suite.assert_exact(&model, Input::Pictures(&pictures), &format!("{what} {spec:?}"));
        }
    }
}

pub fn linear_layers(suite: &Suite) {
    let mut random = Random(2);
    for (shape_index, (inputs, outputs)) in
        [(1, 1), (17, 3), (64, 65), (129, 16), (400, 130)].into_iter().enumerate()
    {
        for (index, spec) in
            specs().into_iter().enumerate().skip(shape_index % suite.step).step_by(suite.step)
        {
            let mut builder = ModelBuilder::new(index as u64, &[inputs]);
            let output = builder.linear(0, inputs, outputs, spec);
            let model = builder.finish(output);
            let values = random.floats([1, 3, 7, 35][index % 4] * inputs, 3.0);
            suite.assert_exact(&model, Input::Values(&values), &format!("{inputs}x{outputs} {spec:?}"));
        }
    }
}

/// Layers of all kinds, each kernel on a device that is picked at random.
pub fn random_layers(suite: &Suite) {
    let mut telling = 0;
    for seed in 0..suite.layers {
        let mut random = Random(seed);
        let (conv, shape) = random_conv(&mut random);
        let what = format!("seed {seed}: {conv:?} over {shape:?}");
        let model = single(seed, conv, shape, LayerSpec::random(&mut random));
        let pictures = random.below(3);
        let values = random.floats(pictures * shape.iter().product::<usize>(), 6.0);
        let input = Input::Values(&values);
        let expected = integer_logits(&model, input).expect(&what);
        telling += u64::from(expected.iter().any(|&logit| logit != 0.0 && logit != expected[0]));
        for kernel in Kernel::ALL {
            let device = &suite.devices[random.below(suite.fast)];
            assert_exact(&**device, &model, kernel, input, &expected, &what);
        }
    }
    assert!(telling > suite.layers / 3, "only {telling} cases have logits that differ");
}

pub fn whole_networks(suite: &Suite) {
    for seed in 0..suite.networks {
        let model = cases::every_operation(seed);
        let mut random = Random(seed);
        let count = [1, 3, 33][seed as usize % 3];
        let pictures = bytes(&mut random, count * 360);
        suite.assert_exact(&model, Input::Pictures(&pictures), &format!("seed {seed}"));
    }
}

/// NaN enters as 0 and infinities as the ends of the format.
pub fn not_finite_inputs(suite: &Suite) {
    let model = cases::every_operation(2);
    let values = not_finite(360).concat();
    suite.assert_exact(&model, Input::Values(&values), "not finite");
    let zero: Vec<f32> = values.iter().map(|&x| if x.is_nan() { 0.0 } else { x }).collect();
    let expected = integer_logits(&model, Input::Values(&zero)).expect("logits");
    for device in &suite.devices {
        assert_exact(&**device, &model, Kernel::Dot, Input::Values(&values), &expected, "NaN is not 0");
    }
}

pub fn wide_outputs(suite: &Suite) {
    let mut builder = ModelBuilder::new(3, &[2, 4, 4]);
    builder.next_format = Some(FixedPoint::output(8));
    let conv = builder.conv(0, Conv2d::square(2, 5, 3), LayerSpec::new(ShiftType::PS, 4));
    let flat = builder.flatten(conv, 20);
    let model = builder.finish(flat);
    let values = Random(4).floats(64, 4.0);
    suite.assert_exact(&model, Input::Values(&values), "flattened");
}

pub fn every_movement(suite: &Suite) {
    for model in cases::every_movement() {
        let values = Random(5).floats(2 * 128, 3.0);
        suite.assert_exact(&model, Input::Values(&values), &format!("{:?}", model.graph.nodes));
    }
}

/// Type Q has no zero, so that layers count on zeros in the lanes that no channel has; a sigmoid of 0 is none.
pub fn lanes_without_a_channel(suite: &Suite) {
    for two_terms in [false, true] {
        let mut builder = ModelBuilder::new(6, &[1, 4, 4]);
        let curved = builder.activation(0, Activation::Sigmoid);
        builder.next_format = Some(FixedPoint::output(8));
        let spec = LayerSpec { two_terms, ..LayerSpec::new(ShiftType::Q, 2) };
        let output = builder.conv(curved, Conv2d::square(1, 6, 3), spec);
        let values = Random(7).floats(32, 4.0);
        suite.assert_exact(&builder.finish(output), Input::Values(&values), "after a sigmoid");
    }
}

/// Sums within a hair of 2^31, where a kernel with a narrower accumulator or a saturating step goes wrong.
pub fn extremes_of_the_proof(suite: &Suite) {
    for (shift_type, two_terms, longest) in
        [(ShiftType::Q, false, 511), (ShiftType::Q, true, 255), (ShiftType::PS, false, 1023)]
    {
        for seed in 0..2 {
            let spec = LayerSpec { largest: true, two_terms, ..LayerSpec::new(shift_type, 5) };
            let mut builder = ModelBuilder::new(seed, &[longest]);
            builder.next_format = Some(FixedPoint::output(0));
            let output = builder.linear(0, longest, 18, spec);
            builder.rescale_last(Rescale { multiplier: 1, offset: 0, pre_shift: 0, post_shift: 8 });
            let model = builder.finish(output);
            let mixed = (0..longest).map(|i| if i % 3 == 0 { -1e9 } else { 1e9 });
            let values: Vec<f32> = [vec![-1e9; longest], vec![1e9; longest], mixed.collect()].concat();
            for count in [1, 3] {
                let input = Input::Values(&values[..count * longest]);
                suite.assert_exact(&model, input, &format!("{spec:?}"));
            }
            // More than the matrix-vector kernel takes.
            suite.assert_exact(&model, Input::Values(&values.repeat(2)), &format!("{spec:?}"));
        }
    }
}

/// More pictures than any executor computes together.
pub fn more_pictures_than_a_batch(suite: &Suite) {
    let model = cases::every_operation(3);
    let pictures: Vec<u8> = (0..130 * 360).map(|i| (i % 253) as u8).collect();
    let expected = integer_logits(&model, Input::Pictures(&pictures)).expect("logits");
    for device in &suite.devices {
        assert_exact(&**device, &model, Kernel::Dot, Input::Pictures(&pictures), &expected, "many pictures");
    }
}
