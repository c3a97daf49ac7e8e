//! The device that all tests share, and as if it were one that other shaders are chosen for.

use deepshift_core::{Input, Kernel, Mode, Model};
use deepshift_testing::{Device, Suite};
use deepshift_wgpu::{Error, Executor, Gpu, LayerTime, Options};
use std::sync::OnceLock;

/// No adapter is a failure.
pub fn gpu() -> &'static Gpu {
    static GPU: OnceLock<Gpu> = OnceLock::new();
    GPU.get_or_init(|| {
        let gpu = pollster::block_on(Gpu::request());
        let gpu = gpu.expect("an adapter: install a Vulkan driver, such as Mesa's");
        eprintln!("running on {:?}", gpu.adapter());
        gpu
    })
}

pub fn executor(model: &Model, options: Options) -> Executor {
    pollster::block_on(Executor::new(gpu(), model, options)).expect("an executor")
}

pub fn run(executor: &Executor, input: Input) -> Result<Vec<f32>, Error> {
    pollster::block_on(executor.run(input))
}

/// Times of all nodes.
pub fn layer_times(executor: &Executor, input: Input) -> Result<Vec<LayerTime>, Error> {
    let start = std::time::Instant::now();
    pollster::block_on(executor.layer_times(input, || start.elapsed().as_secs_f64() * 1e3))
}

struct Adapter(Gpu, &'static str);

impl Device for Adapter {
    fn name(&self) -> String {
        self.1.into()
    }

    fn run(&self, model: &Model, mode: Mode, kernel: Kernel, input: Input) -> Result<Vec<f32>, String> {
        let logits =
            async { Executor::new(&self.0, model, Options { mode, kernel }).await?.run(input).await };
        pollster::block_on(logits).map_err(|error| error.to_string())
    }
}

pub fn suite() -> Suite {
    let other = Adapter(gpu().pretending(false, false), "without dot products of bytes");
    Suite::brief(vec![Box::new(Adapter(gpu().clone(), "as it is")), Box::new(other)])
}
