//! Float mode agrees with the reference interpreter to rounding error.

mod common;

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use common::cases::{self, alone, difference, every_float_operation, float_shapes, not_finite};
use common::{LayerSpec, Random, Twin};
use deepshift_core::reference::float_logits;
use deepshift_core::{FixedPoint, Input, Model, ShiftType};
use deepshift_cpu::{Error, Executor, Isa, Kernel, Mode, Options};

/// Asserts agreement to 1e-5 of the largest logit, and the same bits for every number of threads.
fn assert_close(model: &Model, input: Input, what: &str) {
    let expected = float_logits(model, input).expect(what);
    for kernel in [Kernel::Dot, Kernel::NaiveMultiply] {
        for isa in Isa::available() {
            let run = |threads| {
                let options = Options { mode: Mode::Float, kernel, isa: Some(isa), threads: Some(threads) };
                Executor::new(model, options).expect(what).run(input).expect(what)
            };
            let logits = run(1);
            if let Some(index) = difference(&logits, &expected) {
                panic!("{what} {kernel} {isa}: {} instead of {}", logits[index], expected[index]);
            }
            let bits = |logits: Vec<f32>| logits.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            let logits = bits(logits);
            assert!(
                [2, 3].map(run).into_iter().all(|other| bits(other) == logits),
                "{what} {kernel}: threads matter"
            );
        }
    }
}

#[test]
fn single_layers() {
    for (index, (conv, shape)) in float_shapes().into_iter().enumerate() {
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

#[test]
fn whole_networks_with_every_float_operation() {
    for seed in 0..4 {
        let model = every_float_operation(seed);
        let mut random = Random(seed);
        let bytes: Vec<u8> = (0..[1, 3, 40, 0][seed as usize] * 429).map(|_| random.bits() as u8).collect();
        assert_close(&model, Input::Pictures(&bytes), "bytes");
        let values: Vec<f32> = random.floats(429 * 2, 2.0);
        assert_close(&model, Input::Values(&values), "values");
    }
}

#[test]
fn every_movement() {
    for model in cases::every_movement() {
        for values in not_finite(128).into_iter().take(2) {
            assert_close(&model, Input::Values(&values), &format!("{:?} of {values:?}", model.graph.nodes));
        }
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    for model in alone() {
        for values in not_finite(252) {
            assert_close(&model, Input::Values(&values), &format!("{:?} of {values:?}", model.graph.nodes));
        }
    }
    let model = every_float_operation(3);
    let values = [f32::NAN; 429];
    let logits = Executor::new(&model, Options { mode: Mode::Float, ..Options::default() })
        .and_then(|executor| executor.run(Input::Values(&values)));
    assert!(logits.unwrap().iter().all(|logit| logit.is_nan()));
    for (index, (conv, shape)) in float_shapes().into_iter().enumerate() {
        for fixed in [None, FixedPoint::from_activation_bits(3, 5).ok()] {
            let mut twin = Twin::new(index as u64, &shape);
            let spec = LayerSpec { fixed, exponents: true, ..LayerSpec::new(ShiftType::PS, 4) };
            let output = twin.conv(0, conv.clone(), spec);
            let model = twin.finish(output);
            for values in not_finite(shape.iter().product()) {
                assert_close(&model, Input::Values(&values), &format!("{spec:?} {conv:?}"));
            }
        }
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let model = every_float_operation(1);
    let message = |options| Executor::new(&model, options).err().expect("an error").to_string();
    let float = Options { threads: Some(1), ..Options::default() };
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
