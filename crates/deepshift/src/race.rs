//! Which of two engines is faster on a model.

use crate::runner::Engine;
use crate::{Input, Model, Result};
use std::time::{Duration, Instant};

/// Runs that are not counted, and runs of which the median counts.
const WARM_UP: usize = 2;
const RUNS: usize = 5;

/// The faster engine, and by how much it is.
pub async fn race(model: &Model, cpu: Engine, wgpu: Engine) -> Result<(Engine, String)> {
    let input = vec![0.0; model.graph.input_shape().iter().product()];
    let cpu_time = median_time(&cpu, &input).await?;
    let wgpu_time = match median_time(&wgpu, &input).await {
        Ok(time) => time,
        Err(error) => return Ok((cpu, format!("the GPU failed: {error}"))),
    };
    let ratio = wgpu_time.as_secs_f64() / cpu_time.as_secs_f64().max(1e-9);
    Ok(match ratio >= 1.0 {
        true => (cpu, format!("{ratio:.1}x faster than the GPU on this model")),
        false => (wgpu, format!("{:.1}x faster than the CPU on this model", 1.0 / ratio.max(1e-9))),
    })
}

async fn median_time(engine: &Engine, input: &[f32]) -> Result<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    for run in 0..WARM_UP + RUNS {
        let start = Instant::now();
        engine.run(Input::Values(input)).await?;
        if run >= WARM_UP {
            times.push(start.elapsed());
        }
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
