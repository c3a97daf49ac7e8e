//! Times a model: `cargo run -p deepshift-wgpu --example layer_times -- FILE (float | integer) (dot | shift | naive-multiply)`

use deepshift_core::{Input, Model};
use deepshift_wgpu::{Executor, Gpu, Options};
use std::time::Instant;

const RUNS: u32 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, mode, kernel] = arguments.as_slice() else {
        return Err("usage: layer_times FILE (float | integer) (dot | shift | naive-multiply)".into());
    };
    let model = Model::from_bytes(&std::fs::read(file)?)?;
    let options = Options { mode: mode.parse()?, kernel: kernel.parse()? };
    let values = vec![0.5; model.graph.input_shape().iter().product()];
    pollster::block_on(async {
        let gpu = Gpu::request().await?;
        println!("{:?}", gpu.adapter());
        let start = Instant::now();
        let executor = Executor::new(&gpu, &model, options).await?;
        println!("made ready in {:?}", start.elapsed());
        executor.run(Input::Values(&values)).await?;
        let start = Instant::now();
        for _ in 0..RUNS {
            executor.run(Input::Values(&values)).await?;
        }
        println!("{:.3} ms a picture", start.elapsed().as_secs_f64() * 1e3 / f64::from(RUNS));
        let clock = || start.elapsed().as_secs_f64() * 1e3;
        for layer in executor.layer_times(Input::Values(&values), clock).await? {
            println!("{:10.4} ms  {}", layer.milliseconds, layer.name);
        }
        Ok(())
    })
}
