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

pub use deepshift_wgpu::{Error, Gpu, Options};

use deepshift_core::{Input, Model};
use deepshift_wgpu::Executor;
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

/// The device, and as if it were one that other shaders are chosen for.
pub fn variants(gpu: &Gpu) -> Vec<Gpu> {
    vec![gpu.clone(), gpu.pretending(false, false)]
}

/// Logits of these options.
pub fn try_run(gpu: &Gpu, model: &Model, options: Options, input: Input) -> Result<Vec<f32>, Error> {
    pollster::block_on(async { Executor::new(gpu, model, options).await?.run(input).await })
}
