//! `deepshift train cifar10`.

use super::begin::Begun;
use super::learning::Defaults;
use super::options::TrainingOptions;
use super::run::{self, Data};
use crate::{Error, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use deepshift_models::DataSet;
use deepshift_train::data::{Augmentation, Part, cifar10};
use deepshift_train::{Decay, Settings, WarmUp};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// Train one of the original's networks on CIFAR-10
#[derive(Args)]
pub struct Arguments {
    /// Network [default: resnet18]
    #[arg(short, long, value_parser = PossibleValuesParser::new(DataSet::Cifar10.names()), hide_possible_values = true)]
    arch: Option<String>,
    /// Folder with CIFAR-10's binary or python batches, or with pictures in train/<class> and test/<class>
    #[arg(long, env = "DEEPSHIFT_DATA", default_value = "data")]
    data: PathBuf,
    #[command(flatten)]
    training: TrainingOptions,
}

/// The original's network where none is named.
const ARCHITECTURE: &str = "resnet18";
/// It starts at a tenth of the rate for one epoch, or does not learn (He et al. 2015).
const SLOW_START: &str = "resnet110";

fn original() -> Defaults {
    Defaults {
        epochs: const { NonZeroU32::new(200).unwrap() },
        batch_size: const { NonZeroUsize::new(128).unwrap() },
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay: 1e-4,
        decay: Decay::MultiStep { milestones: vec![80, 120, 160, 180], factor: 0.1 },
        augment: true,
        augmentation: Augmentation { pad_and_crop: 4, flip: true, ..Augmentation::default() },
    }
}

impl Arguments {
    /// What the options ask for; network and length of the run that goes on, where there is one, need no option.
    fn settings(&self, resumed: Option<&Settings>) -> Result<Settings> {
        let architecture = match (&self.arch, resumed) {
            (None, Some(settings)) => settings.architecture.clone(),
            (arch, _) => unique_name(arch.as_deref().unwrap_or(ARCHITECTURE))?,
        };
        let shift = self.training.shift.settings(true, resumed);
        let mut settings = self.training.learning.settings(&architecture, shift, &original(), resumed)?;
        if settings.architecture == SLOW_START && settings.schedule.warm_up == WarmUp::None {
            settings.schedule.warm_up = WarmUp::Reduced { epochs: NonZeroU32::MIN, factor: 0.1 };
        }
        Ok(settings)
    }
}

/// Among the architectures of all data sets.
fn unique_name(arch: &str) -> Result<String> {
    let graph = DataSet::Cifar10.by_name(arch);
    graph.map(|graph| graph.name).ok_or_else(|| Error::input(format!("there is no architecture {arch}")))
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let begun = Begun::new(arguments, &arguments.training.run, Arguments::settings)?;
    let train = cifar10::load(&arguments.data, Part::Train)?;
    let test = cifar10::load(&arguments.data, Part::Test)?;
    let data = Data::new("cifar10", train, test, &arguments.training.loading);
    run::run(&begun.run(&arguments.training.run, data))
}
