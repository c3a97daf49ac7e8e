//! The settings of a run as JSON.

use crate::Error;
use deepshift_burn::shift::{Rounding, ShiftType};
use deepshift_core::Model;
use deepshift_train::data::Augmentation;
use deepshift_train::{Decay, OptimizerKind, Schedule, Settings, ShiftSettings, WarmUp};
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroUsize};

/// More layers than any network has: all of them become shift layers.
const ALL_LAYERS: usize = 1000;
/// Pictures of a step; more would fill a browser's memory.
const LARGEST_BATCH: usize = 4096;

/// What a page may choose; every field that is left out has the default of [`TrainSettings::default`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// "simple_conv" or "simple_linear".
    pub architecture: String,
    /// "Q", "PS", "DenseShift", or null for a network of f32 weights.
    pub shift_type: Option<ShiftType>,
    /// Bits of a shift weight, 2 to 8; integer mode takes up to 5.
    pub weight_bits: u8,
    /// "sgd", "adadelta", "adagrad", "adam", "rmsprop", "radam" or "ranger".
    pub optimizer: OptimizerKind,
    /// Learning rate at the start; left out, what suits optimizer and type.
    pub learning_rate: Option<f64>,
    /// "constant" or "cosine", which falls to 0 at the end of the last epoch.
    pub schedule: ScheduleName,
    /// Of "sgd" and "rmsprop".
    pub momentum: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Pictures of a step, 1 to 4096.
    pub batch_size: usize,
    /// Epochs of the run, at least 1.
    pub epochs: u32,
    /// Of initial weights, order of the pictures and dropout.
    pub seed: u32,
}

/// The course of the learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleName {
    /// The same throughout.
    Constant,
    /// Half a cosine, down to 0.
    Cosine,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            architecture: "simple_conv".into(),
            shift_type: Some(ShiftType::PS),
            weight_bits: 5,
            optimizer: OptimizerKind::Adam,
            learning_rate: None,
            schedule: ScheduleName::Cosine,
            momentum: 0.9,
            weight_decay: 0.0,
            batch_size: 64,
            epochs: 2,
            seed: 1,
        }
    }
}

impl TrainSettings {
    /// Settings from JSON.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|error| Error::argument(format!("the settings: {error}")))
    }

    /// Settings from JSON where network, type and bits that are left out are those of a model.
    pub fn from_json_for(json: &str, model: &Model) -> Result<Self, Error> {
        let wrong = |error: serde_json::Error| Error::argument(format!("the settings: {error}"));
        let mut fields: serde_json::Map<_, _> = serde_json::from_str(json).map_err(wrong)?;
        let scheme = model.graph.nodes.iter().find_map(|node| node.shift_scheme());
        let shift_type = scheme.map(|scheme| scheme.format.shift_type);
        fields.entry("architecture").or_insert_with(|| model.graph.name.clone().into());
        fields.entry("shift_type").or_insert(serde_json::to_value(shift_type).map_err(wrong)?);
        if let Some(scheme) = scheme {
            fields.entry("weight_bits").or_insert_with(|| scheme.format.bits.into());
        }
        serde_json::from_value(fields.into()).map_err(wrong)
    }

    /// What the trainer takes.
    pub fn settings(&self) -> Result<Settings, Error> {
        let batch_size = NonZeroUsize::new(self.batch_size).filter(|size| size.get() <= LARGEST_BATCH);
        let batch_size = batch_size.ok_or_else(|| {
            Error::argument(format!("batch_size must be 1 to {LARGEST_BATCH}, not {}", self.batch_size))
        })?;
        let epochs =
            NonZeroU32::new(self.epochs).ok_or_else(|| Error::argument("epochs must be at least 1"))?;
        let learning_rate =
            self.learning_rate.unwrap_or_else(|| default_rate(self.optimizer, self.shift_type));
        let rates = [
            ("learning_rate", learning_rate),
            ("momentum", self.momentum),
            ("weight_decay", self.weight_decay),
        ];
        if let Some((name, value)) = rates.into_iter().find(|(_, value)| !value.is_finite() || *value < 0.0) {
            return Err(Error::argument(format!("{name} must not be negative, but is {value}")));
        }
        let decay = match self.schedule {
            ScheduleName::Constant => Decay::Constant,
            ScheduleName::Cosine => Decay::Cosine { epochs },
        };
        Ok(Settings {
            architecture: self.architecture.clone(),
            shift: self.shift_type.map(|shift_type| self.shift(shift_type)),
            optimizer: self.optimizer,
            learning_rate,
            learning_rate_sign: None,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            schedule: Schedule { decay, warm_up: WarmUp::None },
            epochs: epochs.get(),
            batch_size,
            batch_multiplier: NonZeroUsize::MIN,
            seed: self.seed.into(),
            nesterov: false,
            augmentation: Augmentation::default(),
            label_smoothing: 0.0,
            average_decay: None,
            random_shifts: false,
            alternate_update: false,
        })
    }

    fn shift(&self, shift_type: ShiftType) -> ShiftSettings {
        ShiftSettings {
            shift_type,
            weight_bits: self.weight_bits,
            shift_depth: ALL_LAYERS,
            activation_bits: [16, 16],
            convert_all_linear: true,
            rounding: Rounding::Deterministic,
            freeze_sign: false,
        }
    }
}

/// Found by trial on MNIST. Shifts and signs of type PS have farther to go than weights.
fn default_rate(optimizer: OptimizerKind, shift_type: Option<ShiftType>) -> f64 {
    match (optimizer, shift_type) {
        (OptimizerKind::Adadelta, _) => 1.0,
        (OptimizerKind::Sgd, Some(ShiftType::PS)) => 0.3,
        (OptimizerKind::Sgd, _) => 0.05,
        (_, Some(ShiftType::PS)) => 0.1,
        (_, Some(ShiftType::DenseShift)) => 0.001,
        _ => 0.003,
    }
}
