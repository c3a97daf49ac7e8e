//! Everything that determines a training run, as data.

use crate::data::Augmentation;
use crate::{Error, Schedule};
use deepshift_burn::shift::{Rounding, ShiftType};
use deepshift_burn::{TrainingOptions, network};
use deepshift_core::ShiftFormat;
use deepshift_core::graph::Graph;
use deepshift_models::{Conversion, by_name, to_shift};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;

/// A training run: the same settings, data and weights give the same result on the same device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Name of the architecture.
    pub architecture: String,
    /// Which layers are shift layers, and how they train; none in a float network.
    pub shift: Option<ShiftSettings>,
    /// What moves the parameters.
    pub optimizer: OptimizerKind,
    /// Base learning rate.
    pub learning_rate: f64,
    /// Learning rate of the `sign` parameters of types PS and DenseShift where it differs; 0 freezes them.
    pub learning_rate_sign: Option<f64>,
    /// Of SGD and RMSprop.
    pub momentum: f64,
    /// Nesterov's momentum in SGD.
    #[serde(default)]
    pub nesterov: bool,
    /// Weight decay; `shift` and `sign` of type PS have none, instead the loss gains half of it times the sum of
    /// `(2^shift)^2`. `sign` and `scale` of type DenseShift have it, as all other parameters.
    pub weight_decay: f64,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// Epochs of the whole run.
    pub epochs: u32,
    /// Pictures of one forward pass.
    pub batch_size: NonZeroUsize,
    /// Forward passes whose gradients are averaged into one step.
    pub batch_multiplier: NonZeroUsize,
    /// Seed of initial weights, order, dropout and stochastic rounding.
    pub seed: u64,
    /// What is changed by chance in every training picture.
    #[serde(default)]
    pub augmentation: Augmentation,
    /// Share of the target that is spread evenly over all classes (Szegedy et al. 2016), below 1.
    #[serde(default)]
    pub label_smoothing: f64,
    /// Decay of the moving average of the weights that is tested and exported instead of the weights themselves.
    #[serde(default)]
    pub average_decay: Option<f64>,
    /// Without given weights, type PS begins with random shifts and signs of its own and not with those of a random float
    /// network.
    #[serde(default)]
    pub random_shifts: bool,
    /// Types PS and DenseShift learn only signs in even epochs (counted from 0), and no signs in odd ones.
    #[serde(default)]
    pub alternate_update: bool,
}

/// The original's options of shift layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftSettings {
    /// Q, PS or DenseShift.
    pub shift_type: ShiftType,
    /// Bits of a weight, 2 to 8.
    pub weight_bits: u8,
    /// How many layers from the end are shift layers.
    pub shift_depth: usize,
    /// Integer and fraction bits of activations.
    pub activation_bits: [u32; 2],
    /// Linear layers always become shift layers and are not counted.
    pub convert_all_linear: bool,
    /// Rounding in training.
    pub rounding: Rounding,
    /// Keeps the signs of types PS and DenseShift as they are.
    pub freeze_sign: bool,
}

/// The optimizers of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum OptimizerKind {
    Sgd,
    Adadelta,
    Adagrad,
    Adam,
    RmsProp,
    RAdam,
    Ranger,
}

impl Settings {
    /// The network's graph, its layers converted.
    pub fn graph(&self) -> Result<Graph, Error> {
        let graph = by_name(&self.architecture).ok_or_else(|| {
            Error::Settings(format!(
                "there is no architecture {}; there are {}",
                self.architecture,
                deepshift_models::NAMES.join(", ")
            ))
        })?;
        match &self.shift {
            Some(shift) => Ok(to_shift(&graph, &shift.conversion()?)?),
            None => Ok(graph),
        }
    }

    /// Refuses values outside their ranges.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.augmentation.check()?;
        if !(0.0..1.0).contains(&self.label_smoothing) {
            let message =
                format!("label smoothing must be 0 or more and below 1, not {}", self.label_smoothing);
            return Err(Error::Settings(message));
        }
        if self.average_decay.is_some_and(|decay| !(0.0..1.0).contains(&decay)) {
            return Err(Error::Settings("the decay of the average must be 0 or more and below 1".into()));
        }
        Ok(())
    }

    /// How shift layers train.
    pub fn training_options(&self) -> network::TrainingOptions {
        self.shift.map_or_else(TrainingOptions::default, |shift| TrainingOptions {
            freeze_sign: shift.freeze_sign || self.learning_rate_sign == Some(0.0),
            ..shift.training_options()
        })
    }
}

impl ShiftSettings {
    /// How its layers train.
    pub fn training_options(&self) -> TrainingOptions {
        TrainingOptions {
            rounding: self.rounding,
            freeze_sign: self.freeze_sign,
            sign_scale: self.shift_type == ShiftType::DenseShift,
        }
    }

    /// What the conversion of a graph takes.
    pub fn conversion(&self) -> Result<Conversion, Error> {
        if self.shift_type == ShiftType::DenseShift && self.rounding == Rounding::Stochastic {
            let what =
                "type DenseShift rounds nothing: leave out stochastic rounding, or choose type Q or PS";
            return Err(Error::Settings(what.into()));
        }
        Ok(Conversion {
            shift_depth: self.shift_depth,
            format: ShiftFormat::new(self.shift_type.codes(), self.weight_bits)?,
            activation_bits: self.activation_bits,
            convert_all_linear: self.convert_all_linear,
        })
    }
}
