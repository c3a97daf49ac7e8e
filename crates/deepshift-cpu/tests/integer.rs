//! Integer mode equals the reference interpreter to the bit.

mod common;

use common::{LayerSpec, Random, Twin, assert_exact, assert_integer_exact};
use deepshift_core::graph::{Activation, Conv2d, PadShortcut, Pool};
use deepshift_core::integer::Rescale;
use deepshift_core::{FixedPoint, Input, Model, ShiftType};
use deepshift_cpu::{Isa, Kernel, Mode, Options};

/// Shapes at which kernels go wrong: `(what, convolution, input)`.
fn edge_shapes() -> Vec<(&'static str, Conv2d, [usize; 3])> {
    let square = Conv2d::square;
    vec![
        ("plain 3x3", square(5, 7, 3).padded(1), [5, 6, 7]),
        ("one channel in and out", square(1, 1, 3), [1, 5, 5]),
        ("1x1", square(19, 33, 1), [19, 3, 5]),
        ("1x1 of one pixel", square(35, 70, 1), [35, 1, 1]),
        ("1x1 with stride", square(8, 16, 1).strided(2), [8, 5, 7]),
        ("grouped", Conv2d { groups: 3, ..square(9, 12, 3).padded(1) }, [9, 4, 5]),
        ("grouped, one input channel each", Conv2d { groups: 4, ..square(4, 12, 3) }, [4, 5, 5]),
        ("grouped, one output channel each", Conv2d { groups: 3, ..square(6, 3, 2) }, [6, 4, 4]),
        ("depthwise", Conv2d { groups: 21, ..square(21, 21, 3).padded(1) }, [21, 5, 6]),
        ("depthwise with stride", Conv2d { groups: 8, ..square(8, 8, 5).padded(2).strided(2) }, [8, 9, 9]),
        ("stride beyond the kernel", square(3, 4, 2).strided(3), [3, 9, 10]),
        ("unequal strides", Conv2d { stride: [2, 3], ..square(3, 5, 3) }, [3, 8, 11]),
        ("asymmetric padding", Conv2d { padding: [0, 2, 3, 1], ..square(4, 6, 3) }, [4, 5, 4]),
        ("padding beyond the kernel", Conv2d { padding: [4, 3, 5, 0], ..square(2, 3, 2) }, [2, 3, 3]),
        ("dilated", Conv2d { dilation: [2, 3], ..square(3, 5, 3).padded(3) }, [3, 7, 8]),
        ("dilated and grouped", Conv2d { dilation: [3, 1], groups: 2, ..square(4, 6, 2) }, [4, 6, 5]),
        ("flat kernel", Conv2d { kernel: [1, 7], padding: [0, 0, 3, 3], ..square(3, 5, 1) }, [3, 4, 6]),
        ("tall kernel", Conv2d { kernel: [7, 1], padding: [3, 3, 0, 0], ..square(3, 5, 1) }, [3, 6, 4]),
        ("kernel as large as the picture", square(3, 18, 8), [3, 8, 8]),
        ("11x11", square(3, 17, 11).padded(5).strided(4), [3, 13, 14]),
        ("many rows", square(2, 17, 3).padded(1), [2, 13, 17]),
    ]
}

fn specs() -> Vec<LayerSpec> {
    let mut specs = Vec::new();
    for shift_type in [ShiftType::Q, ShiftType::PS] {
        for bits in 2..=5 {
            let spec = LayerSpec::new(shift_type, bits);
            specs.push(spec);
            specs.push(LayerSpec { two_terms: true, exponents: true, ..spec });
        }
    }
    specs
}

/// A network of one layer; its output is i8 or wide.
fn single(seed: u64, conv: Conv2d, input: [usize; 3], spec: LayerSpec) -> Model {
    let mut twin = Twin::new(seed, &input);
    if twin.random.chance(2) {
        twin.next_format = Some(FixedPoint::output(9));
    }
    let output = twin.conv(0, conv, spec);
    twin.finish(output)
}

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

fn random_conv(random: &mut Random) -> (Conv2d, [usize; 3]) {
    let groups = random.pick(&[1, 1, 1, 2, 3]);
    let depthwise = random.chance(5);
    let (input, output) = (random.between(1, 6), random.between(1, 9));
    let conv = Conv2d {
        kernel: [random.between(1, 4), random.between(1, 4)],
        stride: [random.between(1, 3), random.between(1, 3)],
        padding: [(); 4].map(|()| random.below(4)),
        dilation: [random.between(1, 2), random.between(1, 2)],
        groups: if depthwise { input * groups } else { groups },
        ..Conv2d::square(input * groups, if depthwise { input * groups } else { output * groups }, 1)
    };
    let size = |axis: usize, extra: usize| {
        let reach = (conv.kernel[axis] - 1) * conv.dilation[axis] + 1;
        reach.saturating_sub(conv.padding[2 * axis] + conv.padding[2 * axis + 1]).max(1) + extra
    };
    let [height, width] = [size(0, random.below(4)), size(1, random.below(4))];
    (conv.clone(), [conv.in_channels, height, width])
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

/// A network with every operation, twice over in places.
fn every_operation(seed: u64) -> Model {
    let mut twin = Twin::new(seed, &[3, 12, 10]);
    let pool = |size, stride, padding, ceil_mode| Pool {
        kernel: [size; 2],
        stride: [stride; 2],
        padding: [padding; 2],
        ceil_mode,
    };
    let mut random = Random(seed.wrapping_mul(77));
    let mut spec = || LayerSpec::random(&mut random);
    let first = twin.conv(0, Conv2d::square(3, 12, 3).padded(1).biased(), spec());
    let normal = twin.scale(first);
    let relu = twin.activation(normal, Activation::Relu);
    let pooled = twin.max_pool(relu, pool(3, 2, 1, true));
    let left = twin.slice(pooled, [0, 5]);
    let right = twin.slice(pooled, [5, 12]);
    let right = twin.conv(right, Conv2d { groups: 7, ..Conv2d::square(7, 7, 3).padded(1) }, spec());
    let joined = twin.concat(&[left, right, left]);
    let narrowed = twin.conv(joined, Conv2d::square(17, 12, 1), spec());
    let shuffled = twin.shuffle(narrowed, 3);
    let sum = twin.add(&[shuffled, pooled, pooled]);
    let swish = twin.activation(sum, Activation::Swish);
    let squeezed = twin.average_pool(swish, Pool { kernel: [7, 6], ..pool(1, 1, 0, false) });
    let excited = twin.conv(squeezed, Conv2d::square(12, 12, 1).biased(), spec());
    let gate = twin.activation(excited, Activation::Sigmoid);
    let gated = twin.multiply(swish, gate);
    let squared = twin.multiply(gated, swish);
    let shortcut = twin.pad_shortcut(squared, PadShortcut { stride: 2, before: 2, after: 3 });
    let averaged = twin.average_pool(shortcut, pool(2, 1, 1, false));
    let flat = twin.flatten(averaged, 17 * 5 * 4);
    let unused = twin.linear(flat, 17 * 20, 4, spec());
    assert!(unused > flat);
    let hidden = twin.linear(flat, 17 * 20, 20, spec());
    let hidden = twin.activation(hidden, Activation::Relu6);
    twin.next_format = Some(FixedPoint::output(12));
    let logits = twin.linear(hidden, 20, 10, spec());
    twin.finish(logits)
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
