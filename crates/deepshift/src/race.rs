//! Which of several engines is fastest on a model.

use crate::runner::Engine;
use crate::{Input, Model, Result};
use std::time::{Duration, Instant};

/// Runs that are not counted, and runs of which the median counts.
const WARM_UP: usize = 2;
const RUNS: usize = 5;

/// The fastest of two engines or more that run the model, and by how much it is faster than the next. Errors: none runs it.
pub async fn race(model: &Model, engines: Vec<Engine>) -> Result<(Engine, String)> {
    let input = vec![0.0; model.graph.input_shape().iter().product()];
    let (mut ranked, mut failures) = (Vec::new(), Vec::new());
    for engine in engines {
        match median_time(&engine, &input).await {
            Ok(time) => ranked.push((time, engine)),
            Err(error) => failures.push((engine.device(), error)),
        }
    }
    ranked.sort_by_key(|&(time, _)| time);
    let mut ranked = ranked.into_iter();
    match (ranked.next(), ranked.next(), failures.into_iter().next()) {
        (Some((time, engine)), Some((second_time, second)), _) => {
            let ratio = second_time.as_secs_f64() / time.as_secs_f64().max(1e-9);
            Ok((engine, format!("{ratio:.1}x faster than {} on this model", second.device())))
        }
        (Some((_, engine)), None, Some((device, error))) => Ok((engine, format!("{device} failed: {error}"))),
        (Some((_, engine)), None, None) => Ok((engine, "the only device".into())),
        (None, _, Some((_, error))) => Err(error),
        (None, _, None) => Err(deepshift_core::Error::BadArgument("there is no device".into()).into()),
    }
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
