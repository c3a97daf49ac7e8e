//! The device that all tests share.

use deepshift_core::{Input, Kernel, Mode, Model};
use deepshift_cuda::{Executor, Gpu, Options};
use deepshift_testing::{Device, Suite};
use std::sync::OnceLock;

pub fn gpu() -> &'static Gpu {
    static GPU: OnceLock<Gpu> = OnceLock::new();
    GPU.get_or_init(|| {
        let gpu = Gpu::new(0).expect("a GPU: scripts/test-parts/cuda runs these tests without one");
        eprintln!("running on {}", gpu.name());
        gpu
    })
}

struct Cuda;

impl Device for Cuda {
    fn name(&self) -> String {
        gpu().name().to_string()
    }

    fn run(&self, model: &Model, mode: Mode, kernel: Kernel, input: Input) -> Result<Vec<f32>, String> {
        let executor = Executor::new(gpu(), model, Options { mode, kernel });
        executor.and_then(|executor| executor.run(input)).map_err(|error| error.to_string())
    }
}

pub fn suite() -> Suite {
    Suite::brief(vec![Box::new(Cuda)])
}
