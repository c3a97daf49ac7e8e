//! The same networks as the CPU kernels are tried on, and the device.
#![allow(dead_code)]

#[path = "../../../deepshift-cpu/tests/common/cases.rs"]
pub mod cases;
#[path = "../../../deepshift-cpu/tests/common/random.rs"]
mod random;
#[path = "../../../deepshift-cpu/tests/common/twin.rs"]
mod twin;

pub use deepshift_cuda::{Error, Gpu, Options};
pub use random::Random;
pub use twin::{LayerSpec, Twin};

use deepshift_core::{Input, Model};
use deepshift_cuda::{Executor, LayerTime};
use std::sync::OnceLock;

/// The device that all tests share. `None` where there is no driver, which `DEEPSHIFT_CUDA=1`, as `scripts/test-parts/cuda` sets
/// it, makes a failure.
pub fn gpu() -> Option<&'static Gpu> {
    static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
    GPU.get_or_init(|| {
        let is_wanted = std::env::var_os("DEEPSHIFT_CUDA").is_some_and(|value| value == "1");
        match Gpu::new(0) {
            Ok(gpu) => {
                eprintln!("running on {}", gpu.name());
                Some(gpu)
            }
            Err(error) if !is_wanted => {
                eprintln!("skipped: {error}; scripts/test-parts/cuda runs these tests without a GPU");
                None
            }
            Err(error) => panic!("{error}"),
        }
    })
    .as_ref()
}

/// There is one way to run on a device.
pub fn variants(gpu: &Gpu) -> Vec<Gpu> {
    vec![gpu.clone()]
}

/// The model on the device.
pub fn executor(gpu: &Gpu, model: &Model, options: Options) -> Result<Executor, Error> {
    Executor::new(gpu, model, options)
}

/// Logits.
pub fn run(executor: &Executor, input: Input) -> Result<Vec<f32>, Error> {
    executor.run(input)
}

/// Times of all nodes.
pub fn layer_times(executor: &Executor, input: Input) -> Result<Vec<LayerTime>, Error> {
    executor.layer_times(input)
}
