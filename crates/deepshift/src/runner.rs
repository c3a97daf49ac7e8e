//! A model on a device.

use crate::race::race;
use crate::{Device, Input, LayerTime, Mode, Model, Options, Result};
use deepshift_wgpu::Gpu;
#[cfg(feature = "cuda")]
use std::sync::OnceLock;
use std::time::Instant;

/// A model made ready for a device.
pub struct Runner {
    pub(crate) engine: Engine,
    mode: Mode,
    reason: String,
}

pub(crate) enum Engine {
    Cpu(Box<deepshift_cpu::Executor>),
    Wgpu {
        executor: Box<deepshift_wgpu::Executor>,
        adapter: String,
    },
    #[cfg(feature = "cuda")]
    Cuda {
        executor: Box<deepshift_cuda::Executor>,
        name: String,
    },
}

impl Runner {
    /// Makes the model ready for the device of the options; [`Device::Auto`] measures all devices on this model.
    ///
    /// # Errors
    /// A model that does not hold together, or takes more work than the options allow; a mode or kernel it has not; a
    /// device that is missing or too small.
    pub async fn new(model: &Model, options: Options) -> Result<Self> {
        let mode = options.mode.unwrap_or_else(|| model.best_mode());
        model.check_work(mode, options.work_limit)?;
        let (engine, reason) = match options.device {
            Device::Cpu => (cpu(model, mode, options)?, "asked for".into()),
            Device::Wgpu => (wgpu(model, mode, options).await?, "asked for".into()),
            Device::Cuda => (cuda(model, mode, options)?, "asked for".into()),
            Device::Auto => {
                let cpu = cpu(model, mode, options)?;
                match gpus(model, mode, options).await {
                    (gpus, _) if !gpus.is_empty() => race(model, cpu, gpus).await?,
                    (_, error) => (cpu, format!("the GPU cannot run it: {error}")),
                }
            }
        };
        Ok(Self { engine, mode, reason })
    }

    /// Logits of each input, one after the other in the graph's order; in integer mode the same bits on every device.
    pub async fn run(&self, input: Input<'_>) -> Result<Vec<f32>> {
        self.engine.run(input).await
    }

    /// What runs it: never [`Device::Auto`].
    pub fn device(&self) -> Device {
        self.engine.device()
    }

    /// Device and kind, such as `cpu (avx2)` or `wgpu (NVIDIA H200, vulkan)`.
    pub fn device_name(&self) -> String {
        match &self.engine {
            Engine::Cpu(executor) => format!("cpu ({})", executor.isa()),
            Engine::Wgpu { adapter, .. } => format!("wgpu ({adapter})"),
            #[cfg(feature = "cuda")]
            Engine::Cuda { name, .. } => format!("cuda ({name})"),
        }
    }

    /// How long each node takes for this input, in the order of computation; on the CPU on one thread. What is done with
    /// the layer before it, such as max pooling on the CPU, counts there.
    pub async fn layer_times(&self, input: Input<'_>) -> Result<Vec<LayerTime>> {
        match &self.engine {
            Engine::Cpu(executor) => cpu_times(executor, input),
            Engine::Wgpu { executor, .. } => {
                let start = Instant::now();
                Ok(executor.layer_times(input, || milliseconds_since(start)).await?)
            }
            #[cfg(feature = "cuda")]
            Engine::Cuda { executor, .. } => Ok(executor.layer_times(input)?),
        }
    }

    /// Why that device.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The arithmetic.
    pub fn mode(&self) -> Mode {
        self.mode
    }
}

impl Engine {
    pub async fn run(&self, input: Input<'_>) -> Result<Vec<f32>> {
        match self {
            Self::Cpu(executor) => Ok(executor.run(input)?),
            Self::Wgpu { executor, .. } => Ok(executor.run(input).await?),
            #[cfg(feature = "cuda")]
            Self::Cuda { executor, .. } => Ok(executor.run(input)?),
        }
    }

    pub fn device(&self) -> Device {
        match self {
            Self::Cpu(_) => Device::Cpu,
            Self::Wgpu { .. } => Device::Wgpu,
            #[cfg(feature = "cuda")]
            Self::Cuda { .. } => Device::Cuda,
        }
    }
}

fn cpu_times(executor: &deepshift_cpu::Executor, input: Input) -> Result<Vec<LayerTime>> {
    let mut times = Vec::new();
    let mut start = Instant::now();
    executor.run_observed(input, &mut |name| {
        times.push(LayerTime { name: name.into(), milliseconds: milliseconds_since(start) });
        start = Instant::now();
    })?;
    Ok(times)
}

fn milliseconds_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn cpu(model: &Model, mode: Mode, options: Options) -> Result<Engine> {
    let Options { kernel, threads, .. } = options;
    let options = deepshift_cpu::Options { mode, kernel, isa: None, threads };
    Ok(Engine::Cpu(Box::new(deepshift_cpu::Executor::new(model, options)?)))
}

async fn wgpu(model: &Model, mode: Mode, options: Options) -> Result<Engine> {
    let gpu = Gpu::request().await?;
    let options = deepshift_wgpu::Options { mode, kernel: options.kernel };
    let executor = deepshift_wgpu::Executor::new(&gpu, model, options).await?;
    let adapter = gpu.adapter().description.clone();
    Ok(Engine::Wgpu { executor: Box::new(executor), adapter })
}

#[cfg(feature = "cuda")]
fn cuda(model: &Model, mode: Mode, options: Options) -> Result<Engine> {
    // Its kernels are compiled once.
    static GPU: OnceLock<deepshift_cuda::Gpu> = OnceLock::new();
    let gpu = match GPU.get() {
        Some(gpu) => gpu,
        None => GPU.get_or_init({
            let gpu = deepshift_cuda::Gpu::new(0)?;
            || gpu
        }),
    };
    let options = deepshift_cuda::Options { mode, kernel: options.kernel };
    let executor = deepshift_cuda::Executor::new(gpu, model, options)?;
    Ok(Engine::Cuda { executor: Box::new(executor), name: gpu.name().into() })
}

#[cfg(not(feature = "cuda"))]
fn cuda(_: &Model, _: Mode, _: Options) -> Result<Engine> {
    let message = "this program was built without CUDA: build crate deepshift with its feature cuda";
    Err(deepshift_core::Error::BadArgument(message.into()).into())
}

/// The model on every GPU that takes it, and why others do not.
async fn gpus(model: &Model, mode: Mode, options: Options) -> (Vec<Engine>, String) {
    let engines = [wgpu(model, mode, options).await, cuda(model, mode, options)];
    let errors: Vec<String> =
        engines.iter().filter_map(|engine| Some(engine.as_ref().err()?.to_string())).collect();
    (engines.into_iter().flatten().collect(), errors.join("; "))
}
