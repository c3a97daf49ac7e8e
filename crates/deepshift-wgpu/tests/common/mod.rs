//! The same networks as the CPU kernels are tried on, and the device.
#![allow(dead_code)]

#[path = "../../../deepshift-cpu/tests/common/cases.rs"]
pub mod cases;
#[path = "../../../deepshift-cpu/tests/common/random.rs"]
mod random;
#[path = "../../../deepshift-cpu/tests/common/twin.rs"]
mod twin;

pub use random::Random;
pub use twin::{LayerSpec, Twin};

use deepshift_core::{Input, Kernel, Mode, Model};
use deepshift_wgpu::{Executor, Gpu, Options};
use std::sync::OnceLock;

/// The device that all tests share; `None` where `DEEPSHIFT_NO_GPU=1` says to do without. No adapter is a failure.
pub fn gpu() -> Option<&'static Gpu> {
    static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
    GPU.get_or_init(|| {
        if std::env::var_os("DEEPSHIFT_NO_GPU").is_some_and(|value| value == "1") {
            eprintln!("skipped: DEEPSHIFT_NO_GPU=1");
            return None;
        }
        let gpu =
            pollster::block_on(Gpu::request()).expect("an adapter: install a Vulkan driver, such as Mesa's");
        eprintln!("running on {:?}", gpu.adapter());
        Some(gpu)
    })
    .as_ref()
}

/// Logits of these options.
pub fn run(gpu: &Gpu, model: &Model, input: Input, options: Options, what: &str) -> Vec<f32> {
    pollster::block_on(async {
        Executor::new(gpu, model, options).await.expect(what).run(input).await.expect(what)
    })
}

/// Asserts that every kernel gives the reference's logits.
pub fn assert_integer_exact(gpu: &Gpu, model: &Model, input: Input, what: &str) {
    let expected = deepshift_core::reference::integer_logits(model, input).expect(what);
    for kernel in Kernel::ALL {
        assert_exact(gpu, model, input, kernel, &expected, what);
    }
}

/// Asserts that a kernel gives exactly these logits, with the shaders of this device and with others.
pub fn assert_exact(gpu: &Gpu, model: &Model, input: Input, kernel: Kernel, expected: &[f32], what: &str) {
    assert_equal(gpu, model, input, kernel, expected, what);
    if kernel != Kernel::NaiveMultiply {
        assert_equal(&gpu.pretending(false, false), model, input, kernel, expected, what);
    }
}

fn assert_equal(gpu: &Gpu, model: &Model, input: Input, kernel: Kernel, expected: &[f32], what: &str) {
    let logits = run(gpu, model, input, Options { mode: Mode::Integer, kernel }, what);
    assert_eq!(logits.len(), expected.len(), "{what}: {kernel}");
    let difference = logits.iter().zip(expected).position(|(got, expected)| got != expected);
    if let Some(index) = difference {
        panic!("{what}: {kernel}: logit {index} is {} and not {}", logits[index], expected[index]);
    }
}
