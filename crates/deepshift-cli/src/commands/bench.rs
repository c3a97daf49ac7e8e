//! `deepshift bench`: how fast a network runs, by device and kernel.

use crate::engine::{DeviceName, ModeName};
use crate::{Error, Result, files, interrupt, output, text};
use clap::Args;
use deepshift::{Device, Input, Kernel, LayerTime, Mode, Model, Options, Runner};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Time a .dshift file: milliseconds per picture and per layer for each device and kernel
#[derive(Args)]
pub struct Arguments {
    /// The network
    file: PathBuf,
    /// Only this device [default: the CPU, and the GPU by all ways there are]
    #[arg(long, value_enum)]
    device: Option<DeviceName>,
    /// Arithmetic [default: integer where the file has an integer network, else float]
    #[arg(long, value_enum)]
    mode: Option<ModeName>,
    /// Pictures that are run together
    #[arg(short = 'b', long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch_size: u16,
    /// Threads of the CPU
    #[arg(short = 'j', long, visible_alias = "workers", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
    /// Also each layer
    #[arg(long)]
    layers: bool,
}

/// Runs that are not counted; then as many as fit, of which the median counts.
const WARM_UP: usize = 3;
const TIME: Duration = Duration::from_secs(1);
const MOST_RUNS: usize = 1000;
/// Of each layer's time the median of so many.
const LAYER_ROUNDS: usize = 7;

pub fn run(arguments: &Arguments) -> Result<()> {
    let model = files::read_model(&arguments.file)?.model;
    let mode = mode(arguments, &model);
    let each: usize = model.graph.input_shape().iter().product();
    let input = vec![0.5; each * usize::from(arguments.batch_size)];
    let (mut subjects, mut said) = (Vec::new(), String::new());
    for device in devices(arguments.device) {
        for kernel in
            Kernel::ALL.into_iter().filter(|&kernel| mode == Mode::Integer || kernel != Kernel::Shift)
        {
            match subject(arguments, &model, mode, device, kernel) {
                Ok(subject) => subjects.push(subject),
                Err(error) if arguments.device.is_none() && device != DeviceName::Cpu => {
                    // Once for a device that is not there at all.
                    let note = format!("note: without {}: {error}", Device::from(device));
                    if note != said {
                        output::note(&note);
                        said = note;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    let mut measured = Vec::new();
    for subject in &subjects {
        measured.push(measure(subject, &input, arguments.batch_size)?);
    }
    output::print(&summary(arguments, &model, mode, &subjects, &measured))?;
    if arguments.layers {
        output::print(&format!("\n{}", layers(&subjects, &input, arguments.batch_size)?))?;
    }
    Ok(())
}

fn mode(arguments: &Arguments, model: &Model) -> Mode {
    match arguments.mode {
        Some(ModeName::Float) => Mode::Float,
        Some(ModeName::Integer) => Mode::Integer,
        None => model.best_mode(),
    }
}

fn devices(asked: Option<DeviceName>) -> Vec<DeviceName> {
    match asked {
        None => vec![DeviceName::Cpu, DeviceName::Wgpu, DeviceName::Cuda],
        Some(device) => vec![device],
    }
}

struct Subject {
    runner: Runner,
    kernel: Kernel,
}

fn subject(
    arguments: &Arguments,
    model: &Model,
    mode: Mode,
    device: DeviceName,
    kernel: Kernel,
) -> deepshift::Result<Subject> {
    let threads = Some(usize::from(arguments.threads));
    let options = Options { device: device.into(), mode: Some(mode), kernel, threads, work_limit: u64::MAX };
    Ok(Subject { runner: pollster::block_on(Runner::new(model, options))?, kernel })
}

struct Measured {
    /// Median, a picture.
    milliseconds: f64,
    runs: usize,
}

fn measure(subject: &Subject, input: &[f32], batch_size: u16) -> Result<Measured> {
    let run = || pollster::block_on(subject.runner.run(Input::Values(input)));
    for _ in 0..WARM_UP {
        run()?;
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.is_empty() || (start.elapsed() < TIME && times.len() < MOST_RUNS) {
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        let start = Instant::now();
        run()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    Ok(Measured { milliseconds: median.as_secs_f64() * 1e3 / f64::from(batch_size), runs: times.len() })
}

fn summary(
    arguments: &Arguments,
    model: &Model,
    mode: Mode,
    subjects: &[Subject],
    measured: &[Measured],
) -> String {
    let head = ["device", "kernel", "ms a picture", "pictures a second", "runs"].map(String::from).to_vec();
    let rows = subjects.iter().zip(measured).map(|(subject, measured)| {
        vec![
            subject.runner.device_name(),
            subject.kernel.to_string(),
            format!("{:.3}", measured.milliseconds),
            format!("{:.1}", 1e3 / measured.milliseconds),
            measured.runs.to_string(),
        ]
    });
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    format!(
        "{}, {mode} mode, {} a run, CPU threads: {}\n{}",
        text::one_line(&model.graph.name),
        if arguments.batch_size == 1 {
            "1 picture".into()
        } else {
            format!("{} pictures", arguments.batch_size)
        },
        arguments.threads,
        text::table(&rows)
    )
}

fn median_layers(runner: &Runner, input: &[f32]) -> Result<Vec<LayerTime>> {
    let mut rounds = Vec::with_capacity(LAYER_ROUNDS);
    for _ in 0..LAYER_ROUNDS {
        rounds.push(pollster::block_on(runner.layer_times(Input::Values(input)))?);
    }
    let median = |layer: usize| {
        let mut times: Vec<f64> = rounds.iter().map(|round| round[layer].milliseconds).collect();
        times.sort_unstable_by(f64::total_cmp);
        times[LAYER_ROUNDS / 2]
    };
    let names = rounds[0].iter().map(|time| time.name.clone()).enumerate();
    Ok(names.map(|(layer, name)| LayerTime { name, milliseconds: median(layer) }).collect())
}

/// A table of milliseconds a picture: layers down, devices and kernels across.
fn layers(subjects: &[Subject], input: &[f32], batch_size: u16) -> Result<String> {
    let mut columns: Vec<Vec<LayerTime>> = Vec::new();
    for subject in subjects {
        columns.push(median_layers(&subject.runner, input)?);
    }
    let names = subjects.iter().map(|subject| format!("{} {}", subject.runner.device(), subject.kernel));
    let mut rows = vec![std::iter::once("layer".into()).chain(names).collect::<Vec<_>>()];
    // Some devices do a pooling with the layer before it, and do not name it.
    for layer in columns.iter().max_by_key(|column| column.len()).into_iter().flatten() {
        let cells = columns.iter().map(|column| {
            let time = column.iter().find(|time| time.name == layer.name);
            time.map_or(String::new(), |time| format!("{:.4}", time.milliseconds / f64::from(batch_size)))
        });
        rows.push(std::iter::once(layer.name.clone()).chain(cells).collect());
    }
    Ok(text::table(&rows))
}
