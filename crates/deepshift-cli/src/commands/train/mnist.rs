//! `deepshift train mnist`.

use super::options::{OptimizerOptions, RunOptions, ShiftOptions, positive_or_zero};
use super::run::{self, Run};
use crate::{Error, Result};
use clap::{Args, ValueEnum};
use deepshift_train::Settings;
use deepshift_train::data::{Part, mnist};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// Train one of the original's two networks on MNIST
#[derive(Args)]
pub struct Arguments {
    /// Network: linear (784-512-512-10) or conv (two convolutions, two linear layers)
    #[arg(long, value_enum, default_value = "linear")]
    r#type: NetworkType,
    /// Folder with MNIST's four idx or idx.gz files
    #[arg(long, env = "DEEPSHIFT_DATA", default_value = "data")]
    data: PathBuf,
    /// Epochs
    #[arg(long, default_value = "10")]
    epochs: NonZeroU32,
    /// Pictures of a training step
    #[arg(long, default_value = "64")]
    batch_size: NonZeroUsize,
    /// Pictures that are tested together
    #[arg(long, default_value = "1000")]
    test_batch_size: NonZeroUsize,
    /// Learning rate
    #[arg(long, default_value = "0.01", value_parser = positive_or_zero)]
    lr: f64,
    /// Momentum of SGD and RMSprop
    #[arg(long, default_value = "0", value_parser = positive_or_zero)]
    momentum: f64,
    /// Weight decay
    #[arg(long, default_value = "0", value_parser = positive_or_zero)]
    weight_decay: f64,
    /// Seed of initial weights, order, dropout and stochastic rounding
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    shift: ShiftOptions,
    #[command(flatten)]
    optimizer: OptimizerOptions,
    #[command(flatten)]
    run: RunOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NetworkType {
    Linear,
    Conv,
}

impl Arguments {
    fn settings(&self) -> Settings {
        let is_conv = self.r#type == NetworkType::Conv;
        Settings {
            architecture: if is_conv { "simple_conv" } else { "simple_linear" }.into(),
            shift: self.shift.settings(is_conv),
            optimizer: self.optimizer.kind(),
            learning_rate: self.lr,
            learning_rate_sign: self.optimizer.lr_sign,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            schedule: self.optimizer.schedule(self.epochs),
            epochs: self.epochs.get(),
            batch_size: self.batch_size,
            batch_multiplier: self.optimizer.batch_multiplier,
            seed: self.seed,
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(path) = &arguments.run.model {
        return Err(Error::input(format!(
            "{}: a whole pickled module needs the Python classes it was made of: save model.state_dict() and give it \
             with --weights",
            path.display()
        )));
    }
    let train = mnist::load(&arguments.data, Part::Train)?;
    let test = mnist::load(&arguments.data, Part::Test)?;
    run::run(&Run {
        dataset: "mnist",
        settings: arguments.settings(),
        train,
        test,
        test_batch_size: arguments.test_batch_size,
        options: &arguments.run,
        command_line: std::env::args().collect(),
    })
}
