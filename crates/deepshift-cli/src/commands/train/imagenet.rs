//! `deepshift train imagenet`.

use super::begin::Begun;
use super::learning::Defaults;
use super::options::{DataOptions, TrainingOptions};
use super::run::{self, Data};
use crate::{Error, Result};
use clap::Args;
use clap::builder::PossibleValuesParser;
use deepshift_burn::shift::ShiftType;
use deepshift_models::{DataSet, preprocessing};
use deepshift_train::data::{Augmentation, Part, PictureInput, imagenet};
use deepshift_train::{Decay, Settings};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// Train one of the original's networks on ImageNet, or on any pictures in folders of classes
#[derive(Args)]
pub struct Arguments {
    /// Folder with train/<class>/* and val/<class>/*
    #[arg(env = "DEEPSHIFT_DATA", default_value = "data")]
    data: PathBuf,
    /// Network [default: resnet18]
    #[arg(short, long, value_parser = PossibleValuesParser::new(DataSet::ImageNet.names()), hide_possible_values = true)]
    arch: Option<String>,
    /// File with the names of the classes' folders in the order of their labels, one a line; pictures of others are
    /// left out [default: all folders of train, sorted]
    #[arg(long)]
    classes: Option<PathBuf>,
    #[command(flatten)]
    training: TrainingOptions,
}

/// The original's network where none is named.
const ARCHITECTURE: &str = "resnet18";
/// A network of this size takes a gigabyte for so many pictures.
const TEST_BATCH_SIZE: NonZeroUsize = NonZeroUsize::new(50).unwrap();

fn original() -> Defaults {
    Defaults {
        epochs: const { NonZeroU32::new(90).unwrap() },
        batch_size: const { NonZeroUsize::new(256).unwrap() },
        learning_rate: 0.1,
        momentum: 0.9,
        weight_decay: 1e-4,
        decay: Decay::Step { epochs: const { NonZeroU32::new(30).unwrap() }, factor: 0.1 },
        augment: true,
        augmentation: Augmentation { resized_crop: true, flip: true, ..Augmentation::default() },
    }
}

impl Arguments {
    /// What the options ask for; network and length of the run that goes on, where there is one, need no option.
    fn settings(&self, resumed: Option<&Settings>) -> Result<Settings> {
        let arch = self.arch.as_deref().or(resumed.map(|settings| settings.architecture.as_str()));
        let shift = self.training.shift.settings(true, resumed);
        let mut settings =
            self.training.learning.settings(arch.unwrap_or(ARCHITECTURE), shift, &original(), resumed)?;
        // The original's rule: only here does type PS begin with shifts and signs of its own.
        settings.random_shifts = shift.is_some_and(|shift| shift.shift_type == ShiftType::PS);
        Ok(settings)
    }

    fn data(&self, settings: &Settings) -> Result<Data> {
        let graph = settings.graph()?;
        let &[channels, height, width] = graph.input_shape() else {
            return Err(Error::input(format!("{} takes no pictures", graph.name)));
        };
        let preprocessing = preprocessing(&graph.name).unwrap_or_else(|| imagenet::input().preprocessing);
        let input = PictureInput { shape: [channels, height, width], preprocessing };
        let classes = self.classes.as_deref().map(imagenet::read_classes).transpose()?;
        let train = imagenet::open(&self.data, Part::Train, classes.as_deref(), input.clone())?;
        let test = imagenet::open(&self.data, Part::Test, Some(train.classes()), input)?;
        let logits: usize = graph.shapes()?[graph.logits()].iter().product();
        if train.classes().len() > logits {
            return Err(Error::input(format!(
                "{} has {} classes and {} tells {logits} apart: choose some with --classes FILE",
                self.data.display(),
                train.classes().len(),
                graph.name
            )));
        }
        let loading = DataOptions {
            test_batch_size: self.training.loading.test_batch_size.or(Some(TEST_BATCH_SIZE)),
            ..self.training.loading.clone()
        };
        Ok(Data::new("imagenet", train, test, &loading))
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let begun = Begun::new(arguments, &arguments.training.run, Arguments::settings)?;
    let data = arguments.data(&begun.settings)?;
    run::run(&begun.run(&arguments.training.run, data))
}
