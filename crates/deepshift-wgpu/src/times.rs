//! How long each node takes.

use crate::executor::Executor;
use crate::gpu::promise;
use crate::record::{Recording, Step};
use crate::{Gpu, Result};
use deepshift_core::Input;
use deepshift_lowering::LayerTime;

/// Each dispatch is repeated, because browsers round the device's clock. None reads what it writes, so that the results stay.
const REPETITIONS: u32 = 8;

impl Executor {
    /// Times of all nodes that compute something, in the order of computation, for one batch of these pictures. Devices
    /// with timestamps are asked; otherwise each node is submitted by itself and timed by `clock`, in milliseconds, which
    /// adds the cost of submitting. Errors as those of [`run`](Self::run).
    pub async fn layer_times(&self, input: Input<'_>, clock: impl Fn() -> f64) -> Result<Vec<LayerTime>> {
        // Uploads the input and warms everything up.
        self.run(input).await?;
        let pictures = input.count(self.input_shape())?.clamp(1, self.batch());
        let recording = self.recording(pictures).await?;
        let queries = 2 * recording.steps.len() as u32;
        let has_clock = self.gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY);
        let times = if has_clock && (1..=wgpu::QUERY_SET_MAX_QUERIES).contains(&queries) {
            self.stamped(&recording, queries).await?
        } else {
            self.clocked(&recording, clock).await?
        };
        Ok(LayerTime::of_operations(&self.network, times))
    }

    async fn stamped(&self, recording: &Recording, queries: u32) -> Result<Vec<f64>> {
        let device = &self.gpu.device;
        let set = device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("layer times"),
            ty: wgpu::QueryType::Timestamp,
            count: queries,
        });
        let bytes = u64::from(queries * wgpu::QUERY_SIZE);
        let buffer = |usage| {
            let label = Some("layer times");
            device.create_buffer(&wgpu::BufferDescriptor {
                label,
                size: bytes,
                usage,
                mapped_at_creation: false,
            })
        };
        let resolved = buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC);
        let staging = buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let mut encoder = device.create_command_encoder(&Default::default());
        for (index, step) in recording.steps.iter().enumerate() {
            let writes = wgpu::ComputePassTimestampWrites {
                query_set: &set,
                beginning_of_pass_write_index: Some(2 * index as u32),
                end_of_pass_write_index: Some(2 * index as u32 + 1),
            };
            repeat(&mut encoder, step, Some(writes));
        }
        encoder.resolve_query_set(&set, 0..queries, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, &staging, 0, bytes);
        self.gpu.queue.submit([encoder.finish()]);
        let stamps: Vec<u64> = self
            .read(&staging)
            .await?
            .as_chunks::<8>()
            .0
            .iter()
            .map(|stamp| u64::from_le_bytes(*stamp))
            .collect();
        let unit = f64::from(self.gpu.queue.get_timestamp_period()) / 1e6 / f64::from(REPETITIONS);
        Ok(stamps
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[start, end]| end.saturating_sub(*start) as f64 * unit)
            .collect())
    }

    async fn clocked(&self, recording: &Recording, clock: impl Fn() -> f64) -> Result<Vec<f64>> {
        let mut times = Vec::with_capacity(recording.steps.len());
        for step in &recording.steps {
            let start = clock();
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            repeat(&mut encoder, step, None);
            self.gpu.queue.submit([encoder.finish()]);
            done(&self.gpu).await?;
            times.push((clock() - start) / f64::from(REPETITIONS));
        }
        Ok(times)
    }
}

fn repeat(
    encoder: &mut wgpu::CommandEncoder,
    step: &Step,
    timestamp_writes: Option<wgpu::ComputePassTimestampWrites>,
) {
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
    for _ in 0..REPETITIONS {
        step.encode(&mut pass);
    }
}

/// Waits until everything submitted is done.
async fn done(gpu: &Gpu) -> Result<()> {
    let (end, finished) = promise();
    gpu.queue.on_submitted_work_done(move || end(()));
    gpu.finish()?;
    finished.await;
    gpu.check()
}
