//! Layers and networks on which every executor is tried.

use crate::{LayerSpec, ModelBuilder, Random};
use deepshift_core::graph::{
    Activation, BatchNorm, Conv2d, Graph, GraphBuilder, Linear, Movement, Op, PadShortcut, Pool, WeightKind,
};
use deepshift_core::{FixedPoint, FloatTensor, Model, Preprocessing, Provenance, ShiftType, Tensor};

/// Shapes at which kernels go wrong: `(what, convolution, input)`.
pub fn edge_shapes() -> Vec<(&'static str, Conv2d, [usize; 3])> {
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

pub fn specs() -> Vec<LayerSpec> {
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
pub fn single(seed: u64, conv: Conv2d, input: [usize; 3], spec: LayerSpec) -> Model {
    let mut builder = ModelBuilder::new(seed, &input);
    if builder.random.chance(2) {
        builder.next_format = Some(FixedPoint::output(9));
    }
    let output = builder.conv(0, conv, spec);
    builder.finish(output)
}

/// A random convolution and its input.
pub fn random_conv(random: &mut Random) -> (Conv2d, [usize; 3]) {
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

/// A network with every operation, twice over in places.
pub fn every_operation(seed: u64) -> Model {
    let mut builder = ModelBuilder::new(seed, &[3, 12, 10]);
    let pool = |size, stride, padding, ceil_mode| Pool {
        kernel: [size; 2],
        stride: [stride; 2],
        padding: [padding; 2],
        ceil_mode,
    };
    let mut random = Random(seed.wrapping_mul(77));
    let mut spec = || LayerSpec::random(&mut random);
    let first = builder.conv(0, Conv2d::square(3, 12, 3).padded(1).biased(), spec());
    let normal = builder.scale(first);
    let relu = builder.activation(normal, Activation::Relu);
    let pooled = builder.max_pool(relu, pool(3, 2, 1, true));
    let left = builder.slice(pooled, [0, 5]);
    let right = builder.slice(pooled, [5, 12]);
    let right = builder.conv(right, Conv2d { groups: 7, ..Conv2d::square(7, 7, 3).padded(1) }, spec());
    let joined = builder.concat(&[left, right, left]);
    let narrowed = builder.conv(joined, Conv2d::square(17, 12, 1), spec());
    let shuffled = builder.shuffle(narrowed, 3);
    let sum = builder.add(&[shuffled, pooled, pooled]);
    let swish = builder.activation(sum, Activation::Swish);
    let squeezed = builder.average_pool(swish, Pool { kernel: [7, 6], ..pool(1, 1, 0, false) });
    let excited = builder.conv(squeezed, Conv2d::square(12, 12, 1).biased(), spec());
    let gate = builder.activation(excited, Activation::Sigmoid);
    let gated = builder.multiply(swish, gate);
    let squared = builder.multiply(gated, swish);
    let shortcut = builder.pad_shortcut(squared, PadShortcut { stride: 2, before: 2, after: 3 });
    let averaged = builder.average_pool(shortcut, pool(2, 1, 1, false));
    let flat = builder.flatten(averaged, 17 * 5 * 4);
    let unused = builder.linear(flat, 17 * 20, 4, spec());
    assert!(unused > flat);
    let hidden = builder.linear(flat, 17 * 20, 20, spec());
    let hidden = builder.activation(hidden, Activation::Relu6);
    builder.next_format = Some(FixedPoint::output(12));
    let logits = builder.linear(hidden, 20, 10, spec());
    builder.finish(logits)
}

/// Each movement: after a layer whose values are i8 and before another, and after one whose values are wide.
pub fn every_movement() -> Vec<Model> {
    let mut models = Vec::new();
    for (seed, movement) in Movement::examples().into_iter().enumerate() {
        let mut shape = GraphBuilder::new("shape", &Movement::EXAMPLE_INPUT);
        let moved = shape.op("moved", Op::Move(movement.clone()), &[0]);
        let shape = shape.finish(moved).shapes().unwrap().swap_remove(moved);
        for is_wide in [false, true] {
            let mut builder = ModelBuilder::new(seed as u64, &Movement::EXAMPLE_INPUT);
            let spec = || LayerSpec::random(&mut Random(seed as u64));
            builder.next_format = is_wide.then(|| FixedPoint::output(9));
            let layer = builder.conv(0, Conv2d::square(8, 8, 3).padded(1).biased(), spec());
            let mut last = builder.moved(layer, movement.clone(), shape[0]);
            if !is_wide {
                last = match shape[..] {
                    [features] => builder.linear(last, features, 5, spec()),
                    _ => builder.conv(last, Conv2d::square(shape[0], 5, 1), spec()),
                };
            }
            models.push(builder.finish(last));
        }
    }
    models
}

/// Shapes for float mode: `(convolution, input)`.
pub fn float_shapes() -> Vec<(Conv2d, [usize; 3])> {
    let square = Conv2d::square;
    vec![
        (square(5, 7, 3).padded(1).biased(), [5, 6, 7]),
        (square(19, 33, 1).biased(), [19, 30, 20]),
        (Conv2d { groups: 3, ..square(9, 12, 3).padded(1) }, [9, 4, 5]),
        (Conv2d { groups: 21, ..square(21, 21, 3).padded(1).biased() }, [21, 5, 6]),
        (Conv2d { padding: [0, 2, 3, 1], dilation: [2, 1], ..square(4, 6, 3).strided(2) }, [4, 7, 6]),
        (square(1, 20, 5), [1, 28, 28]),
        (square(3, 18, 8), [3, 8, 8]),
    ]
}

/// All operations of float graphs, auxiliary output and float weights included.
pub fn every_float_operation(seed: u64) -> Model {
    let mut builder = GraphBuilder::new("every", &[3, 13, 11]);
    let pool = |kernel, stride, padding, ceil_mode| Pool {
        kernel: [kernel; 2],
        stride: [stride; 2],
        padding: [padding; 2],
        ceil_mode,
    };
    let conv = builder.conv("conv", 0, Conv2d::square(3, 12, 3).padded(1).biased());
    let norm = builder.batch_norm("norm", conv, 12);
    let relu = builder.relu("relu", norm);
    let pooled = builder.op("pool", Op::MaxPool(pool(3, 2, 1, true)), &[relu]);
    let left = builder.op("left", Op::Move(Movement::channels([0, 5])), &[pooled]);
    let right = builder.op("right", Op::Move(Movement::channels([5, 12])), &[pooled]);
    let joined = builder.op("joined", Op::Concat, &[right, left]);
    let shuffled = builder.op("shuffled", Op::Move(Movement::ChannelShuffle(4)), &[joined]);
    let sum = builder.op("sum", Op::Add, &[shuffled, pooled]);
    let swish = builder.op("swish", Op::Activation(Activation::Swish), &[sum]);
    let dropped = builder.op("dropped", Op::DropPath(0.5), &[swish]);
    let squeezed = builder.op("squeezed", Op::AdaptiveAvgPool([1, 1]), &[dropped]);
    let gate = builder.op("gate", Op::Activation(Activation::Sigmoid), &[squeezed]);
    let gated = builder.op("gated", Op::Multiply, &[dropped, gate]);
    let shortcut = PadShortcut { stride: 2, before: 1, after: 2 };
    let padded = builder.op("padded", Op::Move(Movement::PadShortcut(shortcut)), &[gated]);
    let averaged = builder.op("averaged", Op::AvgPool(pool(3, 2, 1, true)), &[padded]);
    let adaptive = builder.op("adaptive", Op::AdaptiveAvgPool([2, 1]), &[averaged]);
    let relu6 = builder.op("relu6", Op::Activation(Activation::Relu6), &[adaptive]);
    let flat = builder.op("flat", Op::Move(Movement::Flatten), &[relu6]);
    let auxiliary = builder.linear("auxiliary", flat, 15 * 2, 4);
    let dropout = builder.op("dropout", Op::Dropout(0.5), &[flat]);
    let logits = builder.linear("fc", dropout, 15 * 2, 10);
    let mut graph = builder.finish(logits);
    graph.outputs.push(auxiliary);
    Model {
        preprocessing: Some(Preprocessing::new(vec![0.4; 3], vec![0.2, 0.3, 0.25])),
        ..random_floats(graph, seed)
    }
}

/// A model of this graph with random f32 parameters.
fn random_floats(graph: Graph, seed: u64) -> Model {
    let mut random = Random(seed);
    let tensors = graph.parameters().into_iter().map(|(name, shape)| {
        let mut values = random.floats(shape.iter().product(), 0.5);
        if name.ends_with("running_var") {
            values.iter_mut().for_each(|value| *value = value.abs() + 0.05);
        }
        (name, Tensor::Float(FloatTensor { shape, values }))
    });
    Model {
        tensors: tensors.collect(),
        graph,
        integer: None,
        preprocessing: None,
        classes: Vec::new(),
        provenance: Provenance::default(),
    }
}

/// Each float operation alone, then layers after layers: what NaN and infinities must get through, or not.
pub fn alone() -> Vec<Model> {
    let pool = Pool { kernel: [3, 2], stride: [2, 1], padding: [1, 0], ceil_mode: true };
    let square = Conv2d::square;
    let functions = Activation::ALL.iter().map(|&activation| vec![Op::Activation(activation)]);
    let operations = [
        vec![Op::BatchNorm(BatchNorm { channels: 6, eps: 1e-5 })],
        vec![Op::MaxPool(pool)],
        vec![Op::AvgPool(pool)],
        vec![Op::AdaptiveAvgPool([3, 2])],
        vec![Op::Add],
        vec![Op::Multiply],
        vec![Op::Concat],
        vec![Op::Dropout(0.5)],
        vec![Op::DropPath(0.5)],
        vec![Op::Conv2d(square(6, 7, 3).padded(1).biased()), Op::Conv2d(square(7, 5, 1))],
        vec![Op::Conv2d(Conv2d { groups: 6, ..square(6, 6, 3) }), Op::Activation(Activation::Relu)],
        vec![Op::Conv2d(Conv2d { groups: 2, ..square(6, 10, 2) }), Op::MaxPool(pool)],
        vec![Op::Conv2d(square(6, 1, 3)), Op::Move(Movement::Flatten), linear(20, 3), linear(3, 5)],
    ];
    let model = |(index, operations): (usize, Vec<Op>)| {
        let mut builder = GraphBuilder::new("alone", &[6, 7, 6]);
        let mut last = 0;
        for (place, op) in operations.into_iter().enumerate() {
            let operands = if matches!(op, Op::Add | Op::Multiply | Op::Concat) { 2 } else { 1 };
            last = builder.op(&format!("node{place}"), op, &vec![last; operands]);
        }
        random_floats(builder.finish(last), index as u64)
    };
    functions.chain(operations).enumerate().map(model).collect()
}

fn linear(in_features: usize, out_features: usize) -> Op {
    Op::Linear(Linear { in_features, out_features, bias: true, weight: WeightKind::Float })
}

/// Inputs of so many values with what is no number, and next to nothing else.
pub fn not_finite(count: usize) -> Vec<Vec<f32>> {
    let mut random = Random(count as u64);
    let special = [
        vec![f32::NAN],
        vec![f32::INFINITY],
        vec![f32::NEG_INFINITY],
        vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY],
    ];
    let input = |special: Vec<f32>| {
        let mut values = random.floats(count, 4.0);
        for index in 0..3 * special.len() {
            values[random.below(count)] = special[index % special.len()];
        }
        values
    };
    let mut inputs: Vec<_> = special.into_iter().map(input).collect();
    inputs.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY].map(|value| vec![value; count]));
    inputs
}

/// The first logit that is further from what is expected than 1e-5 of the largest, or is another of NaN and the infinities.
pub fn difference(logits: &[f32], expected: &[f32]) -> Option<usize> {
    assert_eq!(logits.len(), expected.len());
    let finite = expected.iter().filter(|x| x.is_finite());
    let largest = finite.fold(0f32, |largest, x| largest.max(x.abs()));
    logits.iter().zip(expected).position(|(&got, &expected)| {
        let same = got == expected || (got.is_nan() && expected.is_nan());
        let distance = (got - expected).abs();
        !same && (distance.is_nan() || distance > 1e-5 * largest)
    })
}
