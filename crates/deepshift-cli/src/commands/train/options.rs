//! Options that every data set shares, with the original's names.

use super::device::DeviceOptions;
use super::learning::LearningOptions;
use super::original::OriginalOptions;
use crate::weights::WeightsKey;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};
use deepshift_burn::shift::{Rounding, ShiftType};
use deepshift_train::{Settings, ShiftSettings};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What trainings on all data sets are told.
#[derive(Args, Clone, Debug)]
pub struct TrainingOptions {
    #[command(flatten)]
    pub shift: ShiftOptions,
    #[command(flatten)]
    pub learning: LearningOptions,
    #[command(flatten)]
    pub loading: DataOptions,
    #[command(flatten)]
    pub run: RunOptions,
}

/// The original's defaults.
const ORIGINAL: ShiftSettings = ShiftSettings {
    shift_type: ShiftType::PS,
    weight_bits: 5,
    shift_depth: 0,
    activation_bits: [16, 16],
    convert_all_linear: true,
    rounding: Rounding::Deterministic,
    freeze_sign: false,
};

/// What becomes of float layers. An option that is not given is none, so that it can come from elsewhere.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ShiftOptions {
    /// Layers that become shift layers, counted from the end; 0 trains a float network [default: 0]
    #[arg(short = 's', long)]
    pub shift_depth: Option<usize>,
    /// Q (quantized weight), PS (trained shift and sign) or DenseShift (trained sign and scale) [-st] [default: PS]
    #[arg(long, value_enum, ignore_case = true)]
    pub shift_type: Option<ShiftTypeName>,
    /// Rounding of shifts in training [default: deterministic]
    #[arg(short = 'r', long, value_enum)]
    pub rounding: Option<RoundingName>,
    /// Bits of a weight, 2 to 8 [-wb] [default: 5]
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=8))]
    pub weight_bits: Option<u8>,
    /// Integer and fraction bits of activations [-ab] [default: 16 16]
    #[arg(long, action = ArgAction::Set, num_args = 2, value_names = ["I", "F"])]
    pub activation_bits: Option<Vec<u32>>,
    /// Keep the signs of types PS and DenseShift as they start
    #[arg(long)]
    pub freeze_sign: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShiftTypeName {
    /// Real weights, rounded in forward
    #[value(name = "Q")]
    Q,
    /// Real shifts and signs, rounded in forward
    #[value(name = "PS")]
    PS,
    /// Real signs and steps of the exponent, without zero, for 2 to 4 bits; packed as Q
    #[value(name = "DenseShift")]
    DenseShift,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoundingName {
    /// To the nearest
    Deterministic,
    /// Up or down, by chance
    Stochastic,
}

impl ShiftTypeName {
    pub fn shift_type(self) -> ShiftType {
        match self {
            Self::Q => ShiftType::Q,
            Self::PS => ShiftType::PS,
            Self::DenseShift => ShiftType::DenseShift,
        }
    }
}

impl ShiftOptions {
    /// What the options ask for, with the original's defaults or, in a run that goes on, its own; none where nothing is
    /// converted.
    pub fn settings(&self, convert_all_linear: bool, resumed: Option<&Settings>) -> Option<ShiftSettings> {
        let base = resumed.and_then(|settings| settings.shift).unwrap_or(ORIGINAL);
        let settings = ShiftSettings {
            shift_type: self.shift_type.map_or(base.shift_type, ShiftTypeName::shift_type),
            weight_bits: self.weight_bits.unwrap_or(base.weight_bits),
            shift_depth: self.shift_depth.unwrap_or(base.shift_depth),
            activation_bits: match self.activation_bits.as_deref() {
                Some(&[integer, fraction]) => [integer, fraction],
                _ => base.activation_bits,
            },
            convert_all_linear,
            rounding: self.rounding.map_or(base.rounding, RoundingName::rounding),
            freeze_sign: self.freeze_sign || base.freeze_sign,
        };
        (settings.shift_depth > 0).then_some(settings)
    }
}

impl RoundingName {
    fn rounding(self) -> Rounding {
        match self {
            Self::Deterministic => Rounding::Deterministic,
            Self::Stochastic => Rounding::Stochastic,
        }
    }
}

/// How pictures are made ready.
#[derive(Args, Clone, Debug)]
pub struct DataOptions {
    /// Pictures that are tested together [default: imagenet 50, others 1000]
    #[arg(long)]
    pub test_batch_size: Option<NonZeroUsize>,
    /// Threads that load and augment pictures ahead of the training
    #[arg(short = 'j', long, default_value_t = 1)]
    pub workers: usize,
}

/// Where a run begins, and what it leaves.
#[derive(Args, Clone, Debug)]
pub struct RunOptions {
    /// Start from these weights: .pth, .safetensors or, as `deepshift convert` writes it, .dshift; float weights are converted
    #[arg(long, conflicts_with = "resume")]
    pub weights: Option<PathBuf>,
    #[command(flatten)]
    pub key: WeightsKey,
    /// Go on with a run: its folder or its checkpoint.safetensors; training options come from there
    #[arg(long)]
    pub resume: Option<PathBuf>,
    /// Only evaluate the weights given with --weights or --resume
    #[arg(short = 'e', long)]
    pub evaluate: bool,
    /// Evaluate with the packed integer kernel that shifts; at shift depth 0 with the naive multiply kernel
    #[arg(long, action = ArgAction::Set, value_parser = BoolishValueParser::new(), num_args = 0..=1,
          default_value = "false", default_missing_value = "true", requires = "evaluate")]
    pub use_kernel: bool,
    /// Added to the name of the run's folder
    #[arg(long, default_value = "", value_parser = folder_part)]
    pub desc: String,
    /// Whether the folder keeps weights and model
    #[arg(long, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub save_model: bool,
    /// Whether weights_log.txt in the folder shows the first of the final weights
    #[arg(long, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "true")]
    pub print_weights: bool,
    /// Folder under which runs have their folders
    #[arg(long, default_value = "models")]
    pub models: PathBuf,
    /// Licence of the trained weights, written into the model file [default: not stated]
    #[arg(long)]
    pub license: Option<String>,
    /// Seconds between two checkpoints within an epoch
    #[arg(long, default_value_t = 30)]
    pub save_interval: u64,
    #[command(flatten)]
    pub device: DeviceOptions,
    #[command(flatten)]
    pub original: OriginalOptions,
}

/// Part of a folder's name, and not a way out of the folder that runs share.
fn folder_part(text: &str) -> std::result::Result<String, String> {
    match text.contains(['/', '\\']) || text.chars().any(char::is_control) {
        true => Err("must be part of a folder's name, without a path".into()),
        false => Ok(text.into()),
    }
}

pub fn positive_or_zero(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 && value.is_finite() => Ok(value),
        _ => Err("must be a number that is not negative".into()),
    }
}
