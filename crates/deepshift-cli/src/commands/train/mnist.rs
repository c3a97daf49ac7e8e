//! `deepshift train mnist`.

use super::begin::Begun;
use super::learning::Defaults;
use super::options::TrainingOptions;
use super::run::{self, Data};
use crate::Result;
use clap::{Args, ValueEnum};
use deepshift_train::data::{Augmentation, Part, mnist};
use deepshift_train::{Decay, Settings};
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
    #[command(flatten)]
    training: TrainingOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NetworkType {
    Linear,
    Conv,
}

fn original() -> Defaults {
    Defaults {
        epochs: const { NonZeroU32::new(10).unwrap() },
        batch_size: const { NonZeroUsize::new(64).unwrap() },
        learning_rate: 0.01,
        momentum: 0.0,
        weight_decay: 0.0,
        decay: Decay::Constant,
        augment: false,
        // A mirrored digit is none.
        augmentation: Augmentation { pad_and_crop: 2, ..Augmentation::default() },
    }
}

const CONV: &str = "simple_conv";

impl Arguments {
    /// What the options ask for; network and length of the run that goes on, where there is one, need no option.
    fn settings(&self, resumed: Option<&Settings>) -> Result<Settings> {
        let is_conv = match self.r#type {
            Some(name) => name == NetworkType::Conv,
            None => resumed.is_some_and(|settings| settings.architecture == CONV),
        };
        let architecture = if is_conv { CONV } else { "simple_linear" };
        self.training.learning.settings(
            architecture,
            self.training.shift.settings(is_conv, resumed),
            &original(),
            resumed,
        )
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let begun = Begun::new(arguments, &arguments.training.run, Arguments::settings)?;
    let train = mnist::load(&arguments.data, Part::Train)?;
    let test = mnist::load(&arguments.data, Part::Test)?;
    let data = Data::new("mnist", train, test, &arguments.training.loading);
    run::run(&begun.run(&arguments.training.run, data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn digits_are_augmented_only_when_asked_for() {
        let augmentation = |options: &[&str]| {
            let program = Program::parse_from([&["train"], options].concat());
            program.arguments.settings(None).unwrap().augmentation
        };
        assert_eq!(augmentation(&[]), Augmentation::default());
        assert_eq!(augmentation(&["--augment", "false"]), Augmentation::default());
        assert_eq!(augmentation(&["--augment", "true"]), original().augmentation);
    }
}
