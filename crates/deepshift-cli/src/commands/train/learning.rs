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

/// How the network learns. An option that is not given is none, so that a run that goes on keeps what it has.
#[derive(Args, Clone, Debug)]
pub struct LearningOptions {
    /// Epochs of the whole run [default: mnist 10, cifar10 200, imagenet 90]
    #[arg(long)]
    epochs: Option<NonZeroU32>,
    /// Pictures of a forward pass [default: mnist 64, cifar10 128, imagenet 256]
    #[arg(short, long)]
    batch_size: Option<NonZeroUsize>,
    /// Forward passes that are averaged into one step [-bm] [default: 1]
    #[arg(long)]
    batch_multiplier: Option<NonZeroUsize>,
    /// Optimizer [-opt] [default: SGD]
    #[arg(long, value_enum, ignore_case = true)]
    optimizer: Option<OptimizerName>,
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
    #[arg(long, action = ArgAction::Set, value_delimiter = ',')]
    lr_milestones: Option<Vec<u32>>,
    /// Epochs over which the learning rate rises from 0 [default: 0]
    #[arg(long)]
    warm_up_epochs: Option<u32>,
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
    /// Alpha of mixup; with --cutmix too each batch has one of both [default: 0]
    #[arg(long, value_parser = positive_or_zero)]
    mixup: Option<f64>,
    /// Alpha of CutMix [default: 0]
    #[arg(long, value_parser = positive_or_zero)]
    cutmix: Option<f64>,
    /// Share of the target that is spread over all classes [default: 0]
    #[arg(long, value_parser = positive_or_zero)]
    label_smoothing: Option<f64>,
    /// Test and keep a moving average of the weights, with this decay in each step, such as 0.999
    #[arg(long, value_parser = positive_or_zero)]
    average_decay: Option<f64>,
    /// Let types PS and DenseShift learn only signs in even epochs, counted from 0, and no signs in odd ones [-alt]
    /// [default: false]
    #[arg(long, action = ArgAction::Set, value_parser = BoolishValueParser::new(),
          num_args = 0..=1, default_missing_value = "true")]
    alternate_update: Option<bool>,
    /// Seed of initial weights, order of the pictures and all else that is random [default: 1]
    #[arg(long)]
    seed: Option<u64>,
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
    /// What the options ask for; what they leave out comes from the run that goes on, or from the data set's defaults.
    pub fn settings(
        &self,
        architecture: &str,
        shift: Option<ShiftSettings>,
        defaults: &Defaults,
        resumed: Option<&Settings>,
    ) -> Result<Settings> {
        let base = resumed.cloned().unwrap_or_else(|| defaults.settings());
        let epochs = self.epochs.map_or(base.epochs, NonZeroU32::get);
        let whole_run = NonZeroU32::new(epochs).unwrap_or(defaults.epochs);
        Ok(Settings {
            architecture: architecture.into(),
            shift,
            optimizer: self.optimizer.map_or(base.optimizer, OptimizerName::kind),
            learning_rate: self.lr.unwrap_or(base.learning_rate),
            learning_rate_sign: self.lr_sign.or(base.learning_rate_sign),
            momentum: self.momentum.unwrap_or(base.momentum),
            nesterov: self.nesterov || base.nesterov,
            weight_decay: self.weight_decay.unwrap_or(base.weight_decay),
            schedule: Schedule {
                decay: self.decay(whole_run, defaults)?.unwrap_or(base.schedule.decay),
                warm_up: self.warm_up_epochs.map_or(base.schedule.warm_up, warm_up),
            },
            epochs,
            batch_size: self.batch_size.unwrap_or(base.batch_size),
            batch_multiplier: self.batch_multiplier.unwrap_or(base.batch_multiplier),
            seed: self.seed.unwrap_or(base.seed),
            augmentation: self.augmentation(base.augmentation, defaults),
            label_smoothing: self.label_smoothing.unwrap_or(base.label_smoothing),
            average_decay: self.average_decay.or(base.average_decay),
            random_shifts: base.random_shifts,
            alternate_update: self.alternate_update.unwrap_or(base.alternate_update),
        })
    }

    fn augmentation(&self, base: Augmentation, defaults: &Defaults) -> Augmentation {
        let changes = match self.augment {
            Some(true) => defaults.augmentation,
            Some(false) => Augmentation::default(),
            None => base,
        };
        Augmentation {
            mixup: self.mixup.unwrap_or(base.mixup),
            cutmix: self.cutmix.unwrap_or(base.cutmix),
            ..changes
        }
    }

    /// None where no option says how the rate changes.
    fn decay(&self, epochs: NonZeroU32, defaults: &Defaults) -> Result<Option<Decay>> {
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
        Ok(Some(match (schedule, self.lr_step_size, &self.lr_milestones) {
            (Default, None, None) if self.lr_schedule.is_none() => return Ok(None),
            (Default, None, None) => defaults.decay.clone(),
            (Constant, None, None) => Decay::Constant,
            (Cosine, None, None) => Decay::Cosine { epochs },
            (Default, size @ Some(_), _) | (Step, size, None) => step(size),
            (Default, None, milestones) | (MultiStep, None, milestones) => multi_step(milestones.as_ref()),
            (_, Some(_), _) => {
                let problem = "--lr-step-size belongs to --lr-schedule step: leave one of them out";
                return Err(Error::input(problem));
            }
            (_, None, Some(_)) => {
                let problem = "--lr-milestones belongs to --lr-schedule multi-step: leave one of them out";
                return Err(Error::input(problem));
            }
        }))
    }
}

fn warm_up(epochs: u32) -> WarmUp {
    NonZeroU32::new(epochs).map_or(WarmUp::None, |epochs| WarmUp::Linear { epochs })
}

impl Defaults {
    fn settings(&self) -> Settings {
        Settings {
            architecture: String::new(),
            shift: None,
            optimizer: OptimizerKind::Sgd,
            learning_rate: self.learning_rate,
            learning_rate_sign: None,
            momentum: self.momentum,
            nesterov: false,
            weight_decay: self.weight_decay,
            schedule: Schedule { decay: self.decay.clone(), warm_up: WarmUp::None },
            epochs: self.epochs.get(),
            batch_size: self.batch_size,
            batch_multiplier: NonZeroUsize::MIN,
            seed: 1,
            augmentation: if self.augment { self.augmentation } else { Augmentation::default() },
            label_smoothing: 0.0,
            average_decay: None,
            random_shifts: false,
            alternate_update: false,
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
