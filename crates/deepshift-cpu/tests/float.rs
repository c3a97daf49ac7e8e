//! Float mode agrees with the reference interpreter to rounding error.

mod common;

use common::{LayerSpec, Random, Twin};
use deepshift_core::graph::{Activation, Conv2d, GraphBuilder, Op, Pool};
use deepshift_core::reference::float_logits;
use deepshift_core::{FixedPoint, FloatTensor, Input, Model, Provenance, ShiftType, Tensor};
use deepshift_cpu::{Error, Executor, Isa, Kernel, Mode, Options};

/// Asserts agreement to 1e-5 of the largest logit, and the same bits for every number of threads.
fn assert_close(model: &Model, input: Input, what: &str) {
    let expected = float_logits(model, input).expect(what);
    let largest = expected.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    for kernel in [Kernel::Dot, Kernel::NaiveMultiply] {
        for isa in Isa::available() {
            let run = |threads| {
                let options = Options { mode: Mode::Float, kernel, isa: Some(isa), threads: Some(threads) };
                Executor::new(model, options).expect(what).run(input).expect(what)
            };
            let logits = run(1);
            assert_eq!(logits.len(), expected.len());
            for (got, expected) in logits.iter().zip(&expected) {
                let error = (got - expected).abs() / largest;
                assert!(error <= 1e-5, "{what} {kernel} {isa}: {got} instead of {expected}");
            }
            assert!([2, 3].map(run).iter().all(|other| *other == logits), "{what} {kernel}: threads matter");
        }
    }
}

#[test]
fn single_layers() {
    let square = Conv2d::square;
    let shapes = [
        (square(5, 7, 3).padded(1).biased(), [5, 6, 7]),
        (square(19, 33, 1).biased(), [19, 30, 20]),
        (Conv2d { groups: 3, ..square(9, 12, 3).padded(1) }, [9, 4, 5]),
        (Conv2d { groups: 21, ..square(21, 21, 3).padded(1).biased() }, [21, 5, 6]),
        (Conv2d { padding: [0, 2, 3, 1], dilation: [2, 1], ..square(4, 6, 3).strided(2) }, [4, 7, 6]),
        (square(1, 20, 5), [1, 28, 28]),
        (square(3, 18, 8), [3, 8, 8]),
    ];
    for (index, (conv, shape)) in shapes.into_iter().enumerate() {
        for (count, fixed) in [(1, None), (5, Some(FixedPoint::from_activation_bits(3, 5).unwrap()))] {
            let mut twin = Twin::new(index as u64, &shape);
            let spec = LayerSpec { fixed, exponents: true, ..LayerSpec::new(ShiftType::PS, 5) };
            let output = twin.conv(0, conv.clone(), spec);
            let model = twin.finish(output);
            let values = Random(9).floats(count * shape.iter().product::<usize>(), 3.0);
            assert_close(&model, Input::Values(&values), &format!("{conv:?}"));
        }
    }
}

/// All operations of float graphs, auxiliary output and float weights included.
fn every_operation(seed: u64) -> Model {
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
    let left = builder.op("left", Op::Slice([0, 5]), &[pooled]);
    let right = builder.op("right", Op::Slice([5, 12]), &[pooled]);
    let joined = builder.op("joined", Op::Concat, &[right, left]);
    let shuffled = builder.op("shuffled", Op::ChannelShuffle(4), &[joined]);
    let sum = builder.op("sum", Op::Add, &[shuffled, pooled]);
    let swish = builder.op("swish", Op::Activation(Activation::Swish), &[sum]);
    let dropped = builder.op("dropped", Op::DropPath(0.5), &[swish]);
    let squeezed = builder.op("squeezed", Op::AdaptiveAvgPool([1, 1]), &[dropped]);
    let gate = builder.op("gate", Op::Activation(Activation::Sigmoid), &[squeezed]);
    let gated = builder.op("gated", Op::Multiply, &[dropped, gate]);
    let shortcut = deepshift_core::graph::PadShortcut { stride: 2, before: 1, after: 2 };
    let padded = builder.op("padded", Op::PadShortcut(shortcut), &[gated]);
    let averaged = builder.op("averaged", Op::AvgPool(pool(3, 2, 1, true)), &[padded]);
    let adaptive = builder.op("adaptive", Op::AdaptiveAvgPool([3, 2]), &[averaged]);
    let relu6 = builder.op("relu6", Op::Activation(Activation::Relu6), &[adaptive]);
    let flat = builder.op("flat", Op::Flatten, &[relu6]);
    let auxiliary = builder.linear("auxiliary", flat, 15 * 6, 4);
    let dropout = builder.op("dropout", Op::Dropout(0.5), &[flat]);
    let logits = builder.linear("fc", dropout, 15 * 6, 10);
    let mut graph = builder.finish(logits);
    graph.outputs.push(auxiliary);
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
        preprocessing: Some(deepshift_core::Preprocessing { mean: vec![0.4; 3], std: vec![0.2, 0.3, 0.25] }),
        classes: Vec::new(),
        provenance: Provenance::default(),
    }
}

#[test]
fn whole_networks_with_every_operation() {
    for seed in 0..4 {
        let model = every_operation(seed);
        let mut random = Random(seed);
        let bytes: Vec<u8> = (0..[1, 3, 40, 0][seed as usize] * 429).map(|_| random.bits() as u8).collect();
        assert_close(&model, Input::Pictures(&bytes), "bytes");
        let values: Vec<f32> = random.floats(429 * 2, 2.0);
        assert_close(&model, Input::Values(&values), "values");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let model = every_operation(1);
    let message = |options| Executor::new(&model, options).err().expect("an error").to_string();
    let float = Options { isa: Some(Isa::Scalar), threads: Some(1), ..Options::default() };
    assert!(message(Options { kernel: Kernel::Shift, ..float }).contains("no shift kernel in float mode"));
    assert!(message(Options { mode: Mode::Integer, ..float }).contains("export it again"));
    assert!(message(Options { threads: Some(0), ..float }).contains("at least 1"));
    let executor = Executor::new(&model, float).unwrap();
    assert!(matches!(executor.run(Input::Values(&[0.0; 430])), Err(Error::Core(_))));
    let untold = Model { preprocessing: None, ..model.clone() };
    let executor = Executor::new(&untold, float).unwrap();
    assert!(executor.run(Input::Pictures(&[0; 429])).unwrap_err().to_string().contains("f32 values"));
    let mut broken = model.clone();
    broken.tensors.remove("fc.weight");
    assert!(matches!(Executor::new(&broken, float), Err(Error::Core(_))));
}
