//! Options of how a network learns, with the original's names and its defaults for each data set.

use super::options::positive_or_zero;
use crate::{Error, Result};
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};
use deepshift_train::data::Augmentation;
use deepshift_train::{Decay, OptimizerKind, Schedule, Settings, ShiftSettings, WarmUp};
use std::num::{NonZeroU32, NonZeroUsize};

/// What the original does where no option says otherwise.
pub struct Defaults {
    pub epochs: NonZeroU32,
    pub batch_size: NonZeroUsize,
    pub learning_rate: f64,
    pub momentum: f64,
    pub weight_decay: f64,
    pub decay: Decay,
    /// Whether pictures are augmented.
    pub augment: bool,
    /// How they are.
    pub augmentation: Augmentation,
}

/// How the network learns.
#[derive(Args, Clone, Debug)]
pub struct LearningOptions {
    /// Epochs of the whole run [default: mnist 10, cifar10 200, imagenet 90]
    #[arg(long)]
    epochs: Option<NonZeroU32>,
    /// Pictures of a forward pass [default: mnist 64, cifar10 128, imagenet 256]
    #[arg(short, long)]
    batch_size: Option<NonZeroUsize>,
    /// Forward passes that are averaged into one step [-bm]
    #[arg(long, default_value = "1")]
    batch_multiplier: NonZeroUsize,
    /// Optimizer [-opt]
    #[arg(long, value_enum, ignore_case = true, default_value = "SGD")]
    optimizer: OptimizerName,
    /// Learning rate [default: mnist 0.01, others 0.1]
    #[arg(long, visible_alias = "learning-rate", value_parser = positive_or_zero)]
    lr: Option<f64>,
    /// Learning rate of the sign parameters of types PS and DenseShift, where it differs; 0 freezes them
    #[arg(long, value_parser = positive_or_zero)]
    lr_sign: Option<f64>,
    /// How the learning rate changes; true and false are the original's words for default and constant
    #[arg(long, value_enum, ignore_case = true)]
    lr_schedule: Option<ScheduleName>,
    /// Epochs between two changes of the step schedule, each times 0.1 [default: 30]
    #[arg(long, alias = "lr-step", conflicts_with = "lr_milestones")]
    lr_step_size: Option<NonZeroU32>,
    /// Epochs at whose start the multi-step schedule multiplies by 0.1 [default: 80,120,160,180]
    #[arg(long, value_delimiter = ',')]
    lr_milestones: Option<Vec<u32>>,
    /// Epochs over which the learning rate rises from 0
    #[arg(long, default_value_t = 0)]
    warm_up_epochs: u32,
    /// Momentum of SGD and RMSprop [default: mnist 0, others 0.9]
    #[arg(long, value_parser = positive_or_zero)]
    momentum: Option<f64>,
    /// Nesterov's momentum in SGD
    #[arg(long)]
    nesterov: bool,
    /// Weight decay [default: mnist 0, others 0.0001]
    #[arg(long, visible_alias = "wd", value_parser = positive_or_zero)]
    weight_decay: Option<f64>,
    /// Crop and mirror training pictures at random [default: mnist false, others true]
    #[arg(long, action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    augment: Option<bool>,
    /// Alpha of mixup; with --cutmix too each batch has one of both
    #[arg(long, default_value_t = 0.0, value_parser = positive_or_zero)]
    mixup: f64,
    /// Alpha of CutMix
    #[arg(long, default_value_t = 0.0, value_parser = positive_or_zero)]
    cutmix: f64,
    /// Share of the target that is spread over all classes
    #[arg(long, default_value_t = 0.0, value_parser = positive_or_zero)]
    label_smoothing: f64,
    /// Test and keep a moving average of the weights, with this decay in each step, such as 0.999
    #[arg(long, value_parser = positive_or_zero)]
    average_decay: Option<f64>,
    /// Let types PS and DenseShift learn only signs in even epochs, counted from 0, and no signs in odd ones [-alt]
    #[arg(long, action = ArgAction::Set, value_parser = BoolishValueParser::new(),
          num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    alternate_update: bool,
    /// Seed of initial weights, order of the pictures and all else that is random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The original takes these in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum OptimizerName {
    #[value(name = "SGD")]
    Sgd,
    Adadelta,
    Adagrad,
    Adam,
    RmsProp,
    RAdam,
    Ranger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ScheduleName {
    /// The original's for the data set: constant for mnist, multi-step for cifar10, step for imagenet
    #[value(alias = "true")]
    Default,
    #[value(alias = "false")]
    Constant,
    Step,
    MultiStep,
    /// Half a cosine, down to 0 at the end of the run
    Cosine,
}

impl LearningOptions {
    /// What the options ask for; a run that goes on needs no option for its length.
    pub fn settings(
        &self,
        architecture: &str,
        shift: Option<ShiftSettings>,
        defaults: &Defaults,
        resumed: Option<&Settings>,
    ) -> Result<Settings> {
        let resumed = resumed.and_then(|settings| NonZeroU32::new(settings.epochs));
        let epochs = self.epochs.or(resumed).unwrap_or(defaults.epochs);
        Ok(Settings {
            architecture: architecture.into(),
            shift,
            optimizer: self.optimizer.kind(),
            learning_rate: self.lr.unwrap_or(defaults.learning_rate),
            learning_rate_sign: self.lr_sign,
            momentum: self.momentum.unwrap_or(defaults.momentum),
            nesterov: self.nesterov,
            weight_decay: self.weight_decay.unwrap_or(defaults.weight_decay),
            schedule: Schedule { decay: self.decay(epochs, defaults)?, warm_up: self.warm_up() },
            epochs: epochs.get(),
            batch_size: self.batch_size.unwrap_or(defaults.batch_size),
            batch_multiplier: self.batch_multiplier,
            seed: self.seed,
            augmentation: self.augmentation(defaults),
            label_smoothing: self.label_smoothing,
            average_decay: self.average_decay,
            random_shifts: false,
            alternate_update: self.alternate_update,
        })
    }

    fn augmentation(&self, defaults: &Defaults) -> Augmentation {
        let augment = self.augment.unwrap_or(defaults.augment);
        let changes = if augment { defaults.augmentation } else { Augmentation::default() };
        Augmentation { mixup: self.mixup, cutmix: self.cutmix, ..changes }
    }

    fn warm_up(&self) -> WarmUp {
        NonZeroU32::new(self.warm_up_epochs).map_or(WarmUp::None, |epochs| WarmUp::Linear { epochs })
    }

    fn decay(&self, epochs: NonZeroU32, defaults: &Defaults) -> Result<Decay> {
        use ScheduleName::{Constant, Cosine, Default, MultiStep, Step};
        let step = |size: Option<NonZeroU32>| Decay::Step {
            epochs: size.unwrap_or(const { NonZeroU32::new(30).unwrap() }),
            factor: 0.1,
        };
        let multi_step = |milestones: Option<&Vec<u32>>| Decay::MultiStep {
            milestones: milestones.map_or_else(|| vec![80, 120, 160, 180], Clone::clone),
            factor: 0.1,
        };
        let schedule = self.lr_schedule.unwrap_or(Default);
        match (schedule, self.lr_step_size, &self.lr_milestones) {
            (Default, None, None) => Ok(defaults.decay.clone()),
            (Constant, None, None) => Ok(Decay::Constant),
            (Cosine, None, None) => Ok(Decay::Cosine { epochs }),
            (Default, size @ Some(_), _) | (Step, size, None) => Ok(step(size)),
            (Default, None, milestones) | (MultiStep, None, milestones) => {
                Ok(multi_step(milestones.as_ref()))
            }
            (_, Some(_), _) => {
                Err(Error::input("--lr-step-size belongs to --lr-schedule step: leave one of them out"))
            }
            (_, None, Some(_)) => Err(Error::input(
                "--lr-milestones belongs to --lr-schedule multi-step: leave one of them out",
            )),
        }
    }
}

impl OptimizerName {
    fn kind(self) -> OptimizerKind {
        match self {
            Self::Sgd => OptimizerKind::Sgd,
            Self::Adadelta => OptimizerKind::Adadelta,
            Self::Adagrad => OptimizerKind::Adagrad,
            Self::Adam => OptimizerKind::Adam,
            Self::RmsProp => OptimizerKind::RmsProp,
            Self::RAdam => OptimizerKind::RAdam,
            Self::Ranger => OptimizerKind::Ranger,
        }
    }
}
