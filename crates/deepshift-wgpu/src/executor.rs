//! The way in: a device, a model, options, inputs, logits.

use crate::gpu::promise;
use crate::record::{Pipelines, Recording, check_limits};
use crate::{Error, Gpu, Result};
use deepshift_core::{Input, Kernel, Mode, Model};
use deepshift_lowering::{Entry, Exit, Network};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Float or integer arithmetic.
    pub mode: Mode,
    /// How layers multiply by powers of two.
    pub kernel: Kernel,
}

/// A model on a device.
pub struct Executor {
    pub(crate) gpu: Gpu,
    pub(crate) network: Network,
    constants: Vec<wgpu::Buffer>,
    entry: Entry,
    exit: Exit,
    input_shape: Vec<usize>,
    /// Pictures that go through the network together, at most.
    batch: usize,
    recorded: Mutex<Recorded>,
}

/// Recordings by their number of pictures.
#[derive(Default)]
struct Recorded {
    pipelines: Pipelines,
    recordings: Vec<(usize, Arc<Recording>)>,
}

/// Pictures of a batch, and bytes of its largest value.
const MAX_BATCH: usize = 16;
const MAX_VALUE_BYTES: u64 = 32 << 20;

/// Numbers of pictures that stay recorded: single ones, whole batches and a remainder.
const MAX_RECORDINGS: usize = 3;

impl Executor {
    /// Checks the model, puts its shaders together and uploads the weights; the kernels of a single picture are
    /// compiled. Errors: a model that does not hold together, a mode that the file or the kernel has not, a limit of
    /// the device, a lost device.
    pub async fn new(gpu: &Gpu, model: &Model, options: Options) -> Result<Self> {
        gpu.check()?;
        model.check()?;
        let input_shape = model.graph.input_shape().to_vec();
        let mut network = deepshift_lowering::network(model, options.mode, options.kernel)?;
        let limits = gpu.device.limits();
        check_limits(&limits, &network, 1)?;
        let largest = network.values.iter().map(|value| value.bytes() as u64).max().unwrap_or(1);
        let room = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size).min(MAX_VALUE_BYTES);
        let constants = std::mem::take(&mut network.constants);
        let constants = gpu.guarded("the weights", || Ok(upload(gpu, &constants))).await?;
        let executor = Self {
            gpu: gpu.clone(),
            entry: Entry::new(model, options.mode)?,
            exit: Exit::new(model, options.mode, &network)?,
            network,
            constants,
            input_shape,
            batch: ((room / largest.max(1)) as usize).clamp(1, MAX_BATCH),
            recorded: Mutex::default(),
        };
        executor.recording(1).await?;
        Ok(executor)
    }

    /// Logits of each input, one after the other in the graph's order: in integer mode the reference interpreter's to
    /// the bit. Runs may overlap. Errors: an input that does not fit, a lost device.
    pub async fn run(&self, input: Input<'_>) -> Result<Vec<f32>> {
        let pictures = input.count(&self.input_shape)?;
        let each = self.input_shape.iter().product();
        let mut logits = Vec::new();
        let mut first = 0;
        while first < pictures {
            let count = self.batch.min(pictures - first);
            logits.extend(self.run_batch(input.part(first, count, each), count).await?);
            first += count;
        }
        Ok(logits)
    }

    async fn run_batch(&self, input: Input<'_>, pictures: usize) -> Result<Vec<f32>> {
        self.gpu.check()?;
        let quads = self.entry.quads(input)?;
        let recording = self.recording(pictures).await?;
        self.gpu.queue.write_buffer(&recording.input, 0, &quads);
        let staging = self.gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("logits"),
            size: recording.output_bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            recording.steps.iter().for_each(|step| step.encode(&mut pass));
        }
        encoder.copy_buffer_to_buffer(&recording.output, 0, &staging, 0, recording.output_bytes);
        self.gpu.queue.submit([encoder.finish()]);
        let quads = self.read(&staging).await?;
        Ok(self.exit.logits(&quads))
    }

    pub(crate) fn input_shape(&self) -> &[usize] {
        &self.input_shape
    }

    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    /// The bytes of a buffer that can be mapped, which is used up.
    pub(crate) async fn read(&self, buffer: &wgpu::Buffer) -> Result<Vec<u8>> {
        let (end, mapped) = promise();
        buffer.map_async(wgpu::MapMode::Read, .., end);
        self.gpu.finish()?;
        let mapped = mapped.await;
        self.gpu.check()?;
        mapped.map_err(|error| Error::DeviceLost(error.to_string()))?;
        let view = buffer.get_mapped_range(..).map_err(|error| Error::DeviceLost(error.to_string()))?;
        let bytes = view.to_vec();
        drop(view);
        buffer.destroy();
        Ok(bytes)
    }

    /// What runs so many pictures, recorded where it is not yet.
    // In browsers the device's objects stay on their thread, and one type serves both.
    #[cfg_attr(target_family = "wasm", allow(clippy::arc_with_non_send_sync))]
    pub(crate) async fn recording(&self, pictures: usize) -> Result<Arc<Recording>> {
        let known = self.recorded().recordings.iter().find(|(count, _)| *count == pictures).cloned();
        if let Some((_, recording)) = known {
            return Ok(recording);
        }
        let what = format!("a batch of {pictures}");
        let make = || {
            let mut recorded = self.recorded();
            Recording::new(&self.gpu, &self.network, &self.constants, &mut recorded.pipelines, pictures)
        };
        let recording = Arc::new(self.gpu.guarded(&what, make).await?);
        let mut recorded = self.recorded();
        if recorded.recordings.len() >= MAX_RECORDINGS {
            recorded.recordings.retain(|&(count, _)| count == 1 || count == self.batch);
        }
        recorded.recordings.push((pictures, recording.clone()));
        Ok(recording)
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn upload(gpu: &Gpu, constants: &[Vec<u8>]) -> Vec<wgpu::Buffer> {
    constants
        .iter()
        .map(|bytes| {
            let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("constant"),
                size: bytes.len() as u64,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            gpu.queue.write_buffer(&buffer, 0, bytes);
            buffer
        })
        .collect()
}
