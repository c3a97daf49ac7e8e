//! Integer mode equals the reference interpreter to the bit, over the table of the CPU kernels.

use crate::assertions::{assert_exact, assert_integer_exact};
use crate::common::cases::{
    edge_shapes, every_movement, every_operation, not_finite, random_conv, single, specs,
};
use crate::common::{LayerSpec, Random, Twin, gpu};
use deepshift_core::graph::{Activation, Conv2d};
use deepshift_core::integer::Rescale;
use deepshift_core::reference::integer_logits;
use deepshift_core::{FixedPoint, Input, Kernel, ShiftType};

fn bytes(random: &mut Random, count: usize) -> Vec<u8> {
    (0..count).map(|_| random.bits() as u8).collect()
}

/// Each shape meets every fifth coding; which ones differs from shape to shape.
#[test]
fn edge_shapes_in_every_format() {
    let Some(gpu) = gpu() else { return };
    let mut random = Random(1);
    for (shape_index, (what, conv, input)) in edge_shapes().into_iter().enumerate() {
        for (index, spec) in specs().into_iter().enumerate().skip(shape_index % 5).step_by(5) {
            let model = single(index as u64, conv.clone(), input, spec);
            let elements: usize = input.iter().product();
            let pictures = bytes(&mut random, [1, 2, 0, 3][index % 4] * elements);
            assert_integer_exact(gpu, &model, Input::Pictures(&pictures), &format!("{what} {spec:?}"));
        }
    }
}

#[test]
fn linear_layers_in_every_format() {
    let Some(gpu) = gpu() else { return };
    let mut random = Random(2);
    for (shape_index, (inputs, outputs)) in
        [(1, 1), (17, 3), (64, 65), (129, 16), (400, 130)].into_iter().enumerate()
    {
        for (index, spec) in specs().into_iter().enumerate().skip(shape_index % 5).step_by(5) {
            let mut twin = Twin::new(index as u64, &[inputs]);
            let output = twin.linear(0, inputs, outputs, spec);
            let model = twin.finish(output);
            let values = random.floats([1, 3, 7, 35][index % 4] * inputs, 3.0);
            assert_integer_exact(
                gpu,
                &model,
                Input::Values(&values),
                &format!("{inputs}x{outputs} {spec:?}"),
            );
        }
    }
}

#[test]
fn random_layers() {
    let Some(gpu) = gpu() else { return };
    let mut telling = 0;
    for seed in 0..150 {
        let mut random = Random(seed);
        let (conv, shape) = random_conv(&mut random);
        let what = format!("seed {seed}: {conv:?} over {shape:?}");
        let model = single(seed, conv, shape, LayerSpec::random(&mut random));
        let values = random.floats(random.0 as usize % 3 * shape.iter().product::<usize>(), 6.0);
        let input = Input::Values(&values);
        let expected = integer_logits(&model, input).expect(&what);
        telling += usize::from(expected.iter().any(|&logit| logit != 0.0 && logit != expected[0]));
        assert_exact(gpu, &model, input, random.pick(&Kernel::ALL), &expected, &what);
    }
    assert!(telling > 50, "only {telling} cases have logits that differ");
}

#[test]
fn whole_networks_with_every_operation() {
    let Some(gpu) = gpu() else { return };
    for seed in 0..5 {
        let model = every_operation(seed);
        let mut random = Random(seed);
        let count = [1, 3, 33][seed as usize % 3];
        let pictures = bytes(&mut random, count * 360);
        assert_integer_exact(gpu, &model, Input::Pictures(&pictures), &format!("seed {seed}"));
    }
}

/// NaN enters as 0 and infinities as the ends of the format.
#[test]
fn inputs_that_are_not_finite() {
    let Some(gpu) = gpu() else { return };
    let model = every_operation(2);
    let values = not_finite(360).concat();
    assert_integer_exact(gpu, &model, Input::Values(&values), "not finite");
    let zero: Vec<f32> = values.iter().map(|&x| if x.is_nan() { 0.0 } else { x }).collect();
    let expected = integer_logits(&model, Input::Values(&zero)).expect("logits");
    assert_exact(gpu, &model, Input::Values(&values), Kernel::Dot, &expected, "NaN is not 0");
}

#[test]
fn wide_values_may_be_flattened_on_their_way_out() {
    let Some(gpu) = gpu() else { return };
    let mut twin = Twin::new(3, &[2, 4, 4]);
    twin.next_format = Some(FixedPoint::output(8));
    let conv = twin.conv(0, Conv2d::square(2, 5, 3), LayerSpec::new(ShiftType::PS, 4));
    let flat = twin.flatten(conv, 20);
    let model = twin.finish(flat);
    let values = Random(4).floats(64, 4.0);
    assert_integer_exact(gpu, &model, Input::Values(&values), "flattened");
}

#[test]
fn every_movement_of_narrow_and_wide_values() {
    let Some(gpu) = gpu() else { return };
    for model in every_movement() {
        let values = Random(5).floats(2 * 128, 3.0);
        assert_integer_exact(gpu, &model, Input::Values(&values), &format!("{:?}", model.graph.nodes));
    }
}

/// Type Q has no zero, so that layers count on zeros in the lanes that no channel has; a sigmoid of 0 is none.
#[test]
fn lanes_without_a_channel_stay_zero() {
    let Some(gpu) = gpu() else { return };
    for two_terms in [false, true] {
        let mut twin = Twin::new(6, &[1, 4, 4]);
        let curved = twin.activation(0, Activation::Sigmoid);
        twin.next_format = Some(FixedPoint::output(8));
        let spec = LayerSpec { two_terms, ..LayerSpec::new(ShiftType::Q, 2) };
        let output = twin.conv(curved, Conv2d::square(1, 6, 3), spec);
        let values = Random(7).floats(32, 4.0);
        assert_integer_exact(gpu, &twin.finish(output), Input::Values(&values), "after a sigmoid");
    }
}

/// Sums within a hair of 2^31, where a kernel with a narrower accumulator or a saturating step goes wrong.
#[test]
fn extremes_at_the_edge_of_the_proof() {
    let Some(gpu) = gpu() else { return };
    for (shift_type, two_terms, longest) in
        [(ShiftType::Q, false, 511), (ShiftType::Q, true, 255), (ShiftType::PS, false, 1023)]
    {
        for seed in 0..2 {
            let spec = LayerSpec { largest: true, two_terms, ..LayerSpec::new(shift_type, 5) };
            let mut twin = Twin::new(seed, &[longest]);
            twin.next_format = Some(FixedPoint::output(0));
            let output = twin.linear(0, longest, 18, spec);
            twin.rescale_last(Rescale { multiplier: 1, offset: 0, pre_shift: 0, post_shift: 8 });
            let model = twin.finish(output);
            let mixed = (0..longest).map(|i| if i % 3 == 0 { -1e9 } else { 1e9 });
            let values: Vec<f32> = [vec![-1e9; longest], vec![1e9; longest], mixed.collect()].concat();
            for count in [1, 3] {
                let input = Input::Values(&values[..count * longest]);
                assert_integer_exact(gpu, &model, input, &format!("{spec:?}"));
            }
            // More than the matrix-vector kernel takes.
            assert_integer_exact(gpu, &model, Input::Values(&values.repeat(2)), &format!("{spec:?}"));
        }
    }
}
