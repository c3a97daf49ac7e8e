//! Integer mode equals the reference interpreter to the bit.

mod common;

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use common::cases::{edge_shapes, every_operation, random_conv, single, specs};
use common::{LayerSpec, Random, Twin, assert_exact, assert_integer_exact};
use deepshift_core::graph::Conv2d;
use deepshift_core::integer::Rescale;
use deepshift_core::{FixedPoint, Input, ShiftType};
use deepshift_cpu::{Isa, Kernel, Mode, Options};

fn bytes(random: &mut Random, count: usize) -> Vec<u8> {
    (0..count).map(|_| random.bits() as u8).collect()
}

#[test]
fn edge_shapes_in_every_format() {
    let mut random = Random(1);
    for (what, conv, input) in edge_shapes() {
        for (index, spec) in specs().into_iter().enumerate() {
            let model = single(index as u64, conv.clone(), input, spec);
            let elements: usize = input.iter().product();
            let pictures = bytes(&mut random, [1, 2, 0, 3][index % 4] * elements);
            assert_integer_exact(&model, Input::Pictures(&pictures), &format!("{what} {spec:?}"));
        }
    }
}

#[test]
fn linear_layers_in_every_format() {
    let mut random = Random(2);
    for (inputs, outputs) in [(1, 1), (17, 3), (64, 65), (129, 16), (400, 130)] {
        for (index, spec) in specs().into_iter().enumerate() {
            let mut twin = Twin::new(index as u64, &[inputs]);
            let output = twin.linear(0, inputs, outputs, spec);
            let model = twin.finish(output);
            let values = random.floats([1, 0, 7, 35][index % 4] * inputs, 3.0);
            assert_integer_exact(&model, Input::Values(&values), &format!("{inputs}x{outputs} {spec:?}"));
        }
    }
}

#[test]
fn ten_thousand_random_layers() {
    let isas: Vec<Isa> = Isa::available().collect();
    let mut telling = 0;
    for seed in 0..10_000 {
        let mut random = Random(seed);
        let (conv, shape) = random_conv(&mut random);
        let what = format!("seed {seed}: {conv:?} over {shape:?}");
        let model = single(seed, conv, shape, LayerSpec::random(&mut random));
        let pictures = random.below(3);
        let values = random.floats(pictures * shape.iter().product::<usize>(), 6.0);
        let input = Input::Values(&values);
        let expected = deepshift_core::reference::integer_logits(&model, input).expect(&what);
        telling += usize::from(expected.iter().any(|&logit| logit != 0.0 && logit != expected[0]));
        for kernel in Kernel::ALL {
            let threads = if seed % 50 == 0 { 2 } else { 1 };
            let isa = Some(random.pick(&isas));
            let options = Options { mode: Mode::Integer, kernel, isa, threads: Some(threads) };
            assert_exact(&model, input, options, &expected, &what);
        }
    }
    assert!(telling > 5_000, "only {telling} cases have logits that differ");
}

#[test]
fn whole_networks_with_every_operation() {
    for seed in 0..30 {
        let model = every_operation(seed);
        let mut random = Random(seed);
        let count = [1, 3, 33][seed as usize % 3];
        let pictures = bytes(&mut random, count * 360);
        assert_integer_exact(&model, Input::Pictures(&pictures), &format!("seed {seed}"));
    }
}

#[test]
fn wide_values_may_be_flattened_on_their_way_out() {
    let mut twin = Twin::new(3, &[2, 4, 4]);
    twin.next_format = Some(FixedPoint::output(8));
    let conv = twin.conv(0, Conv2d::square(2, 5, 3), LayerSpec::new(ShiftType::PS, 4));
    let flat = twin.flatten(conv, 20);
    let model = twin.finish(flat);
    let values = Random(4).floats(64, 4.0);
    assert_integer_exact(&model, Input::Values(&values), "flattened");
}

/// Sums within a hair of 2^31, where a kernel with a narrower accumulator or a saturating step goes wrong.
#[test]
fn extremes_at_the_edge_of_the_proof() {
    for (shift_type, two_terms, longest) in
        [(ShiftType::Q, false, 511), (ShiftType::Q, true, 255), (ShiftType::PS, false, 1023)]
    {
        for fan_in in [longest, longest - 1, 2] {
            for seed in 0..4 {
                let spec = LayerSpec { largest: true, two_terms, ..LayerSpec::new(shift_type, 5) };
                let mut twin = Twin::new(seed, &[fan_in]);
                twin.next_format = Some(FixedPoint::output(0));
                let output = twin.linear(0, fan_in, 18, spec);
                twin.rescale_last(Rescale { multiplier: 1, offset: 0, pre_shift: 0, post_shift: 8 });
                let model = twin.finish(output);
                let lowest = vec![-1e9; fan_in];
                let highest = vec![1e9; fan_in];
                let mixed: Vec<f32> = (0..fan_in).map(|i| if i % 3 == 0 { -1e9 } else { 1e9 }).collect();
                for values in [lowest, highest, mixed] {
                    let what = format!("{spec:?} {fan_in}");
                    assert_integer_exact(&model, Input::Values(&values), &what);
                }
            }
        }
    }
}
