//! What float mode promises on CPUs alone.

use deepshift_core::Input;
use deepshift_cpu::{Executor, Isa, Kernel, Mode, Options};
use deepshift_testing::{Random, cases};

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_number_of_threads_changes_no_bit() {
    let model = cases::every_float_operation(2);
    let values = Random(8).floats(429 * 5, 2.0);
    for kernel in [Kernel::Dot, Kernel::NaiveMultiply] {
        for isa in Isa::available() {
            let bits = |threads| {
                let options = Options { mode: Mode::Float, kernel, isa: Some(isa), threads: Some(threads) };
                let logits = Executor::new(&model, options).unwrap().run(Input::Values(&values)).unwrap();
                logits.into_iter().map(f32::to_bits).collect::<Vec<_>>()
            };
            let one = bits(1);
            assert!([2, 3].map(bits).iter().all(|other| *other == one), "{kernel} {isa}");
        }
    }
}

#[test]
fn nan_everywhere_gives_nan() {
    let model = cases::every_float_operation(3);
    let options = Options { mode: Mode::Float, ..Options::default() };
    let logits = Executor::new(&model, options).unwrap().run(Input::Values(&[f32::NAN; 429])).unwrap();
    assert!(logits.iter().all(|logit| logit.is_nan()));
}

#[test]
fn no_threads_are_refused() {
    let model = cases::every_float_operation(1);
    let options = Options { threads: Some(0), ..Options::default() };
    let message = Executor::new(&model, options).err().expect("an error").to_string();
    assert!(message.contains("at least 1"), "{message}");
}
