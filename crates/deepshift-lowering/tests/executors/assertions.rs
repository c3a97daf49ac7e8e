//! What tests of executors assert, with the devices of the crate whose tests they are.

use crate::common::{self, Error, Gpu, Options, executor, variants};
use deepshift_core::{Input, Kernel, Mode, Model};

/// Logits of these options.
pub fn try_run(gpu: &Gpu, model: &Model, options: Options, input: Input) -> Result<Vec<f32>, Error> {
    common::run(&executor(gpu, model, options)?, input)
}

/// Logits of these options, which must run.
pub fn run(gpu: &Gpu, model: &Model, input: Input, options: Options, what: &str) -> Vec<f32> {
    try_run(gpu, model, options, input).expect(what)
}

/// Asserts that every kernel gives the reference's logits.
pub fn assert_integer_exact(gpu: &Gpu, model: &Model, input: Input, what: &str) {
    let expected = deepshift_core::reference::integer_logits(model, input).expect(what);
    for kernel in Kernel::ALL {
        assert_exact(gpu, model, input, kernel, &expected, what);
    }
}

/// Asserts that a kernel gives exactly these logits, on this device and on those that choose other kernels.
pub fn assert_exact(gpu: &Gpu, model: &Model, input: Input, kernel: Kernel, expected: &[f32], what: &str) {
    let devices = if kernel == Kernel::NaiveMultiply { vec![gpu.clone()] } else { variants(gpu) };
    for gpu in devices {
        let logits = run(&gpu, model, input, Options { mode: Mode::Integer, kernel }, what);
        assert_eq!(logits.len(), expected.len(), "{what}: {kernel}");
        let difference = logits.iter().zip(expected).position(|(got, expected)| got != expected);
        if let Some(index) = difference {
            panic!("{what}: {kernel}: logit {index} is {} and not {}", logits[index], expected[index]);
        }
    }
}
