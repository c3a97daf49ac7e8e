//! Layers that are computed together with the max pooling behind them.

mod common;

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use deepshift_core::graph::{Conv2d, Pool};
use deepshift_core::{Input, ShiftType};
use deepshift_cpu::{Executor, Mode, Options};
use deepshift_testing::{LayerSpec, ModelBuilder, Random};

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
                let mut builder = ModelBuilder::new(seed, &[3, 6, 9]);
                let conv = builder.conv(0, conv.clone(), LayerSpec::random(&mut random));
                if keeps_order {
                    builder.keep_order();
                }
                let output = builder.max_pool(conv, pool);
                let model = builder.finish(output);
                let what = format!("{pooling} behind {layer}");
                let values = random.floats(2 * 162, 4.0);
                common::suite().assert_exact(&model, Input::Values(&values), &what);
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
    let mut builder = ModelBuilder::new(6, &[3, 4, 4]);
    let conv = builder.conv(0, Conv2d::square(3, 5, 3).padded(1), LayerSpec::new(ShiftType::Q, 4));
    builder.keep_order();
    let pool = Pool { kernel: [2; 2], stride: [2; 2], padding: [0; 2], ceil_mode: false };
    let pooled = builder.max_pool(conv, pool);
    let averaged = builder.average_pool(conv, pool);
    let sum = builder.add(&[pooled, averaged]);
    let model = builder.finish(sum);
    common::suite().assert_exact(&model, Input::Values(&Random(7).floats(48, 4.0)), "used twice");
}
