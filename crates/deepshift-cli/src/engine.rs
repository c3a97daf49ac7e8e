//! The executor that the options ask for.

use crate::{Error, Result};
use clap::{Args, ValueEnum};
use deepshift::{Device, Kernel, Mode, Options};
use deepshift_core::reference::{float_logits, integer_logits};
use deepshift_core::{Input, Model};
use rayon::prelude::*;

/// The options of every command that runs a network.
#[derive(Args)]
pub struct EngineOptions {
    /// Arithmetic [default: integer where the file has an integer network, else float]
    #[arg(long, value_enum)]
    pub mode: Option<ModeName>,
    /// How layers multiply by powers of two; `reference` is the slow interpreter that defines the result
    #[arg(long, value_enum, default_value_t = KernelName::Dot)]
    pub kernel: KernelName,
    /// Where the network runs
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
    /// Number of threads of the CPU [default: all cores]
    #[arg(short = 'j', long, visible_alias = "workers", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ModeName {
    /// f32 activations
    Float,
    /// 8-bit activations, the same bits on every machine
    Integer,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KernelName {
    /// Shift and add, without a multiplication (integer mode only)
    Shift,
    /// Dot products of the decoded weights: the fast path
    Dot,
    /// One product after the other: the original's comparison
    NaiveMultiply,
    /// The scalar interpreter that all kernels must equal
    Reference,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeviceName {
    /// Whatever is fastest on this network: measured
    Auto,
    /// SIMD kernels
    Cpu,
    /// A GPU through Vulkan, Metal or DirectX 12
    Wgpu,
    /// An NVIDIA GPU through CUDA
    Cuda,
}

impl From<DeviceName> for Device {
    fn from(name: DeviceName) -> Self {
        match name {
            DeviceName::Auto => Self::Auto,
            DeviceName::Cpu => Self::Cpu,
            DeviceName::Wgpu => Self::Wgpu,
            DeviceName::Cuda => Self::Cuda,
        }
    }
}

/// A network ready to run.
pub struct Engine<'a> {
    model: &'a Model,
    mode: Mode,
    why: &'static str,
    runner: Runner,
    threads: usize,
}

enum Runner {
    Reference(rayon::ThreadPool),
    Device { runner: Box<deepshift::Runner>, kernel: Kernel },
}

impl<'a> Engine<'a> {
    /// Chooses mode and kernel; refuses options that contradict each other or the file.
    pub fn new(model: &'a Model, options: &EngineOptions) -> Result<Self> {
        let (mode, why) = choose_mode(model, options)?;
        let threads = options.threads.map(usize::from);
        let (runner, threads) = match kernel(options.kernel) {
            Some(kernel) => {
                let options = Options {
                    device: options.device.into(),
                    mode: Some(mode),
                    kernel,
                    threads,
                    // Who types a command knows the file and can end what takes too long.
                    work_limit: u64::MAX,
                };
                let runner = pollster::block_on(deepshift::Runner::new(model, options))?;
                let runner = Runner::Device { runner: Box::new(runner), kernel };
                (runner, threads.unwrap_or_else(rayon::current_num_threads))
            }
            None if matches!(options.device, DeviceName::Wgpu | DeviceName::Cuda) => {
                let device = Device::from(options.device);
                let message = format!("the reference runs on the CPU only: leave out --device {device}");
                return Err(Error::input(message));
            }
            None => {
                let pool = thread_pool(threads)?;
                let threads = pool.current_num_threads();
                (Runner::Reference(pool), threads)
            }
        };
        Ok(Self { model, mode, why, runner, threads })
    }

    /// Logits of each input, one after the other.
    pub fn run(&self, input: Input) -> Result<Vec<f32>> {
        match &self.runner {
            Runner::Device { runner, .. } => Ok(pollster::block_on(runner.run(input))?),
            Runner::Reference(pool) => pool.install(|| self.interpret(input)),
        }
    }

    /// What runs, and why in this mode.
    pub fn description(&self) -> String {
        let runner = match &self.runner {
            Runner::Device { runner, kernel } if runner.reason() == "asked for" => {
                format!("kernel {kernel}, {}", runner.device_name())
            }
            Runner::Device { runner, kernel } => {
                format!("kernel {kernel}, {}: {}", runner.device_name(), runner.reason())
            }
            Runner::Reference(_) => "kernel reference, cpu (scalar)".into(),
        };
        let threads = match (&self.runner, self.threads) {
            (Runner::Device { runner, .. }, _) if runner.device() != Device::Cpu => String::new(),
            (_, 1) => ", 1 thread".into(),
            (_, threads) => format!(", {threads} threads"),
        };
        format!("{} mode ({}), {runner}{threads}", self.mode, self.why)
    }

    fn interpret(&self, input: Input) -> Result<Vec<f32>> {
        let each: usize = self.model.graph.input_shape().iter().product();
        input.count(self.model.graph.input_shape())?;
        let logits: Result<Vec<Vec<f32>>> = match input {
            Input::Pictures(bytes) => {
                bytes.par_chunks(each).map(|picture| self.interpret_one(Input::Pictures(picture))).collect()
            }
            Input::Values(values) => {
                values.par_chunks(each).map(|picture| self.interpret_one(Input::Values(picture))).collect()
            }
        };
        Ok(logits?.concat())
    }

    fn interpret_one(&self, input: Input) -> Result<Vec<f32>> {
        Ok(match self.mode {
            Mode::Float => float_logits(self.model, input)?,
            Mode::Integer => integer_logits(self.model, input)?,
        })
    }
}

fn choose_mode(model: &Model, options: &EngineOptions) -> Result<(Mode, &'static str)> {
    let has_integer = model.integer.is_some();
    match (options.mode, options.kernel) {
        (Some(ModeName::Float), KernelName::Shift) => Err(Error::input(
            "the shift kernel runs in integer mode only: leave out --mode float, or use --kernel dot or naive-multiply",
        )),
        (Some(ModeName::Integer), _) if !has_integer => Err(Error::input(
            "the file has no integer network: use --mode float, or export it again with calibration pictures",
        )),
        (None, KernelName::Shift) if !has_integer => Err(Error::input(
            "the shift kernel runs in integer mode only and the file has no integer network: use --kernel dot, or export it again with calibration pictures",
        )),
        (Some(ModeName::Float), _) => Ok((Mode::Float, "asked for")),
        (Some(ModeName::Integer), _) => Ok((Mode::Integer, "asked for")),
        (None, _) if has_integer => Ok((Mode::Integer, "the file has an integer network")),
        (None, _) => Ok((Mode::Float, "the file has no integer network")),
    }
}

fn kernel(kernel: KernelName) -> Option<Kernel> {
    match kernel {
        KernelName::Shift => Some(Kernel::Shift),
        KernelName::Dot => Some(Kernel::Dot),
        KernelName::NaiveMultiply => Some(Kernel::NaiveMultiply),
        KernelName::Reference => None,
    }
}

/// Rayon takes 0 for all cores.
fn thread_pool(threads: Option<usize>) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .build()
        .map_err(|error| Error::input(format!("cannot start the threads: {error}; use fewer --threads")))
}
