//! Random networks, small and safe, whose float graph and integer network have the same nodes.
#![allow(dead_code)]

pub mod cases;
mod random;
mod twin;

pub use random::Random;
pub use twin::{LayerSpec, Twin};

use deepshift_core::{Input, Model};
use deepshift_cpu::{Executor, Isa, Kernel, Mode, Options};

/// Asserts that every kernel on every instruction set and one and two threads gives the reference's logits.
pub fn assert_integer_exact(model: &Model, input: Input, what: &str) {
    let expected = deepshift_core::reference::integer_logits(model, input).expect(what);
    for kernel in Kernel::ALL {
        for isa in Isa::available() {
            for threads in [1, 2] {
                let options = Options { mode: Mode::Integer, kernel, isa: Some(isa), threads: Some(threads) };
                assert_exact(model, input, options, &expected, what);
            }
        }
    }
}

/// Asserts that an executor with these options gives exactly these logits.
pub fn assert_exact(model: &Model, input: Input, options: Options, expected: &[f32], what: &str) {
    let executor = Executor::new(model, options).expect(what);
    let logits = executor.run(input).expect(what);
    assert_eq!(logits.len(), expected.len(), "{what}: {options:?}");
    let difference = logits.iter().zip(expected).position(|(got, expected)| got != expected);
    if let Some(index) = difference {
        panic!("{what}: {options:?}: logit {index} is {} and not {}", logits[index], expected[index]);
    }
}
