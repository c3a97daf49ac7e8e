//! `deepshift train mnist`.

use super::folder::Folder;
use super::options::{OptimizerOptions, RunOptions, ShiftOptions, defaults, positive_or_zero};
use super::run::{self, Run};
use super::{resume, summary};
use crate::Result;
use clap::{Args, ValueEnum};
use deepshift_train::Settings;
use deepshift_train::data::{Part, mnist};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// Train one of the original's two networks on MNIST
#[derive(Args)]
pub struct Arguments {
    /// Network: linear (784-512-512-10) or conv (two convolutions, two linear layers) [default: linear]
    #[arg(long, value_enum)]
    r#type: Option<NetworkType>,
    /// Folder with MNIST's four idx or idx.gz files
    #[arg(long, env = "DEEPSHIFT_DATA", default_value = "data")]
    data: PathBuf,
    /// Epochs of the whole run [default: 10]
    #[arg(long)]
    epochs: Option<NonZeroU32>,
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

const EPOCHS: NonZeroU32 = NonZeroU32::new(10).unwrap();
const CONV: &str = "simple_conv";

impl Arguments {
    /// What the options ask for; network and length of the run that goes on, where there is one, need no option.
    fn settings(&self, resumed: Option<&Settings>) -> Result<Settings> {
        let is_conv = match self.r#type {
            Some(name) => name == NetworkType::Conv,
            None => resumed.is_some_and(|settings| settings.architecture == CONV),
        };
        let epochs = self.epochs.or(resumed.and_then(|settings| NonZeroU32::new(settings.epochs)));
        let epochs = epochs.unwrap_or(EPOCHS);
        Ok(Settings {
            architecture: if is_conv { CONV } else { "simple_linear" }.into(),
            shift: self.shift.settings(is_conv),
            optimizer: self.optimizer.kind(),
            learning_rate: self.lr,
            learning_rate_sign: self.optimizer.lr_sign,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            schedule: self.optimizer.schedule(epochs)?,
            epochs: epochs.get(),
            batch_size: self.batch_size,
            batch_multiplier: self.optimizer.batch_multiplier,
            seed: self.seed,
        })
    }

    fn resumed_settings(&self, folder: &Folder) -> Result<Settings> {
        let stored = folder.settings()?;
        let given = self.settings(Some(&stored))?;
        let default = defaults::<Self>().settings(Some(&given))?;
        resume::settings(folder.path(), &stored, &given, &default)
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let notes = arguments.run.original.check()?;
    let resumed = arguments.run.resume.as_deref().map(Folder::to_resume).transpose()?;
    let settings = match &resumed {
        Some(folder) => arguments.resumed_settings(folder)?,
        None => arguments.settings(None)?,
    };
    let run = Run {
        dataset: "mnist",
        settings,
        train: mnist::load(&arguments.data, Part::Train)?,
        test: mnist::load(&arguments.data, Part::Test)?,
        test_batch_size: arguments.test_batch_size,
        options: &arguments.run,
        command: resumed.as_ref().and_then(Folder::command).unwrap_or_else(summary::command),
        resumed,
    };
    for note in notes {
        eprintln!("{note}");
    }
    run::run(&run)
}
