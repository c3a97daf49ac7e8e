//! Which of several engines is fastest on a model.

use crate::runner::Engine;
use crate::{Input, Model, Result};
use std::time::{Duration, Instant};

/// Runs that are not counted, and runs of which the median counts.
const WARM_UP: usize = 2;
const RUNS: usize = 5;
/// After so long the runs that there are must do.
const BUDGET: Duration = Duration::from_secs(2);

/// The fastest engine, and by how much it is faster than the next. Errors: the CPU does not run the model.
pub async fn race(model: &Model, cpu: Engine, gpus: Vec<Engine>) -> Result<(Engine, String)> {
    let input = vec![0.0; model.graph.input_shape().iter().product()];
    let mut ranked = vec![(median_time(&cpu, &input).await?, cpu)];
    let mut failures = Vec::new();
    for gpu in gpus {
        match median_time(&gpu, &input).await {
            Ok(time) => ranked.push((time, gpu)),
            Err(error) => failures.push(format!("{} failed: {error}", gpu.device())),
        }
    }
    ranked.sort_by_key(|&(time, _)| time);
    let reason = match ranked.as_slice() {
        [(time, _), (second_time, second), ..] => {
            let ratio = second_time.as_secs_f64() / time.as_secs_f64().max(1e-9);
            format!("{ratio:.1}x faster than {} on this model", second.device())
        }
        _ => failures.join("; "),
    };
    Ok((ranked.swap_remove(0).1, reason))
}

async fn median_time(engine: &Engine, input: &[f32]) -> Result<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    let begin = Instant::now();
    for run in 0..WARM_UP + RUNS {
        let start = Instant::now();
        engine.run(Input::Values(input)).await?;
        let late = begin.elapsed() > BUDGET;
        if run >= WARM_UP || late {
            times.push(start.elapsed());
        }
        if late {
            break;
        }
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
