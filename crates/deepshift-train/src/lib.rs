#![doc = include_str!("../README.md")]

pub mod atomic;
mod average;
mod calibrate;
mod checkpoint;
mod distill;
mod error;
mod loss;
mod optimizer;
mod pack;
mod replicas;
mod schedule;
mod settings;
mod trainer;

pub use calibrate::{calibrate, spread};
pub use checkpoint::{checkpoint_settings, checkpoint_weights, to_safetensors};
pub use deepshift_data as data;
pub use distill::Distillation;
pub use error::Error;
pub use pack::{CALIBRATION_PICTURES, Packed, model_weights, pack, pack_float};
pub use schedule::{Decay, Schedule, WarmUp};
pub use settings::{OptimizerKind, Settings, ShiftSettings};
pub use trainer::{EpochRow, Position, Sums, Trainer, evaluate, log_probabilities};
