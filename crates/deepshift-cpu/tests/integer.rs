//! Integer mode equals the reference interpreter to the bit.

mod common;

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use common::cases::{edge_shapes, every_movement, every_operation, not_finite, random_conv, single, specs};
use common::{LayerSpec, Random, Twin, assert_exact, assert_integer_exact};
use deepshift_core::graph::{Conv2d, Pool};
use deepshift_core::integer::Rescale;
use deepshift_core::{FixedPoint, Input, ShiftType};
use deepshift_cpu::{Executor, Isa, Kernel, Mode, Options};

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
fn every_movement_of_narrow_and_wide_values() {
    for model in every_movement() {
        let values = Random(5).floats(2 * 128, 3.0);
        assert_integer_exact(&model, Input::Values(&values), &format!("{:?}", model.graph.nodes));
    }
}

/// NaN enters as 0 and infinities as the ends of the format.
#[test]
fn inputs_that_are_not_finite() {
    let model = every_operation(2);
    let values = not_finite(360).concat();
    assert_integer_exact(&model, Input::Values(&values), "not finite");
    let zero: Vec<f32> = values.iter().map(|&x| if x.is_nan() { 0.0 } else { x }).collect();
    let logits = |values| deepshift_core::reference::integer_logits(&model, Input::Values(values));
    assert_eq!(logits(&values), logits(&zero));
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

/// A layer and the max pooling behind it are one operation, where that gives the same bits.
#[test]
fn poolings_behind_layers() {
    let square = |size| Pool { kernel: [size; 2], stride: [size; 2], padding: [0; 2], ceil_mode: false };
    let pools = [
        ("2x3", Pool { kernel: [2, 3], stride: [2, 3], ..square(1) }, true),
        ("3x3", square(3), true),
        ("a column left out", square(2), false),
        ("3x1", Pool { kernel: [3, 1], stride: [3, 1], ..square(1) }, true),
        ("all in one", Pool { kernel: [6, 9], stride: [6, 9], ..square(1) }, true),
        ("windows that leave the picture", Pool { ceil_mode: true, ..square(4) }, false),
        ("overlapping", Pool { stride: [1, 2], ..square(2) }, false),
        ("padded", Pool { padding: [1, 0], ..square(2) }, false),
    ];
    let convs = [
        ("plain", Conv2d::square(3, 20, 3).padded(1), true),
        ("many channels", Conv2d::square(3, 67, 1), true),
        ("grouped", Conv2d { groups: 3, ..Conv2d::square(3, 24, 3).padded(1) }, true),
        ("depthwise", Conv2d { groups: 3, ..Conv2d::square(3, 3, 3).padded(1) }, false),
    ];
    let mut random = Random(5);
    for (pooling, pool, pooled) in pools {
        for (layer, conv, packed) in &convs {
            for (seed, keeps_order) in [(1, true), (2, false)] {
                let mut twin = Twin::new(seed, &[3, 6, 9]);
                let conv = twin.conv(0, conv.clone(), LayerSpec::random(&mut random));
                if keeps_order {
                    twin.keep_order();
                }
                let output = twin.max_pool(conv, pool);
                let model = twin.finish(output);
                let what = format!("{pooling} behind {layer}");
                let values = random.floats(2 * 162, 4.0);
                assert_integer_exact(&model, Input::Values(&values), &what);
                let (mut computed, options) =
                    (Vec::new(), Options { mode: Mode::Integer, ..Options::default() });
                let executor = Executor::new(&model, options).unwrap();
                executor
                    .run_observed(Input::Values(&values), &mut |name| computed.push(name.to_string()))
                    .unwrap();
                let together = pooled && *packed && keeps_order;
                assert_eq!(computed.len(), if together { 2 } else { 3 }, "{what}: {computed:?}");
                assert_eq!(computed[1], "node1");
            }
        }
    }
}

/// What others use too is needed without the pooling.
#[test]
fn a_pooled_layer_that_is_used_twice() {
    let mut twin = Twin::new(6, &[3, 4, 4]);
    let conv = twin.conv(0, Conv2d::square(3, 5, 3).padded(1), LayerSpec::new(ShiftType::Q, 4));
    twin.keep_order();
    let pool = Pool { kernel: [2; 2], stride: [2; 2], padding: [0; 2], ceil_mode: false };
    let pooled = twin.max_pool(conv, pool);
    let averaged = twin.average_pool(conv, pool);
    let sum = twin.add(&[pooled, averaged]);
    let model = twin.finish(sum);
    assert_integer_exact(&model, Input::Values(&Random(7).floats(48, 4.0)), "used twice");
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
