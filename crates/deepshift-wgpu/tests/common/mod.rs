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
use deepshift_wgpu::{Executor, LayerTime};
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

/// The model on the device.
pub fn executor(gpu: &Gpu, model: &Model, options: Options) -> Result<Executor, Error> {
    pollster::block_on(Executor::new(gpu, model, options))
}

/// Logits.
pub fn run(executor: &Executor, input: Input) -> Result<Vec<f32>, Error> {
    pollster::block_on(executor.run(input))
}

/// Times of all nodes.
pub fn layer_times(executor: &Executor, input: Input) -> Result<Vec<LayerTime>, Error> {
    let start = std::time::Instant::now();
    pollster::block_on(executor.layer_times(input, || start.elapsed().as_secs_f64() * 1e3))
}
