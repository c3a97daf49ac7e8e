//! A run as bytes: a safetensors file with parameters, optimizer, position and log.

use crate::average::Average;
use crate::trainer::{EpochRow, Position, Sums, Trainer};
use crate::{Error, Settings};
use burn::optim::OptimizerRecord;
use burn::tensor::{Bytes, Device};
use deepshift_burn::{Network, StateDict};
use deepshift_core::FloatTensor;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;

const NETWORK: &str = "network.";
/// The moving average, where the settings ask for one.
const AVERAGE: &str = "average.";
const OPTIMIZER: &str = "optimizer";
/// One row for each epoch: the fields of [`EpochRow`].
const HISTORY: &str = "history";
/// The fields of [`Position`].
const POSITION: &str = "position";
/// How many training pictures the run sees.
const PICTURES: &str = "pictures";
const SETTINGS: &str = "settings";
/// Of settings and tensors: Burn trusts the bytes of its optimizers, and flipped weights would train on unnoticed.
const CHECKSUM: &str = "crc32";
const ROW: usize = 8;

impl Trainer {
    /// Everything that a run needs to go on as if it had never stopped.
    pub fn to_checkpoint(&self) -> Result<Vec<u8>, Error> {
        let mut tensors = entries(NETWORK, &self.network.state());
        if let Some(average) = &self.average {
            tensors.extend(entries(AVERAGE, &average.network().state()));
        }
        let optimizer = self.optimizer.into_bytes().map_err(|error| damaged(&error))?.to_vec();
        tensors.push(Entry::new(OPTIMIZER, Dtype::U8, vec![optimizer.len()], optimizer));
        // As f64 and not as text, so that sums come back to the last bit.
        let history: Vec<f64> = self.history.iter().flat_map(|row| row.to_array()).collect();
        tensors.push(Entry::new(HISTORY, Dtype::F64, vec![self.history.len(), ROW], to_bytes(&history)));
        let position = self.position.to_array();
        tensors.push(Entry::new(POSITION, Dtype::F64, vec![position.len()], to_bytes(&position)));
        tensors.push(Entry::new(PICTURES, Dtype::U8, vec![4], self.pictures.to_le_bytes().into()));
        tensors.sort_by(|left, right| left.name.cmp(&right.name));
        let settings = serde_json::to_string(&self.settings).map_err(|error| damaged(&error))?;
        let checksum =
            checksum(&settings, tensors.iter().map(|entry| (entry.name.as_str(), entry.bytes.as_slice())));
        let metadata = [(SETTINGS, settings), (CHECKSUM, checksum)];
        serialize(&tensors, Some(metadata.map(|(key, text)| (key.to_string(), text)).into()))
    }

    /// The run that [`to_checkpoint`](Self::to_checkpoint) wrote, over the same number of pictures.
    pub fn from_checkpoint(bytes: &[u8], pictures: u32, device: &Device) -> Result<Self, Error> {
        let file = open(bytes)?;
        if tensor(&file, PICTURES)? != pictures.to_le_bytes() {
            return Err(damaged(&format!(
                "it belongs to another number of training pictures than {pictures}"
            )));
        }
        let settings = settings(bytes)?;
        let mut trainer = Self::new(settings, pictures, Some(&weights(&file, NETWORK)?), device)?;
        trainer.load_average(&weights(&file, AVERAGE)?)?;
        trainer.load_optimizer(tensor(&file, OPTIMIZER)?.to_vec())?;
        trainer.history = floats(&file, HISTORY)?.as_chunks().0.iter().map(EpochRow::from_array).collect();
        let position: [f64; 7] =
            floats(&file, POSITION)?.try_into().map_err(|_| damaged(&"the position has another length"))?;
        trainer.seek(Position::from_array(position));
        Ok(trainer)
    }

    fn load_average(&mut self, state: &StateDict) -> Result<(), Error> {
        if let Some(decay) = self.settings.average_decay {
            let options = self.settings.training_options();
            let device = self.evaluation_device();
            let network = Network::from_state(self.network.graph(), state, options, &device)?;
            self.average = Some(Average::new(network, decay));
        }
        Ok(())
    }

    fn load_optimizer(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        let record =
            OptimizerRecord::from_bytes(Bytes::from_bytes_vec(bytes)).map_err(|error| damaged(&error))?;
        let stored = record.len();
        self.optimizer = self.optimizer.clone().load_record(record);
        // Burn silently leaves out what it cannot restore; that would be another run.
        if self.optimizer.to_record().len() != stored {
            return Err(damaged(&"the optimizer's state is not whole"));
        }
        Ok(())
    }
}

/// The settings of a checkpoint.
pub fn checkpoint_settings(bytes: &[u8]) -> Result<Settings, Error> {
    open(bytes)?;
    settings(bytes)
}

/// The unrounded parameters of a checkpoint that are judged: the moving average where there is one.
pub fn checkpoint_weights(bytes: &[u8]) -> Result<StateDict, Error> {
    let file = open(bytes)?;
    let average = weights(&file, AVERAGE)?;
    if average.is_empty() { weights(&file, NETWORK) } else { Ok(average) }
}

fn entries(prefix: &str, state: &StateDict) -> Vec<Entry> {
    state.iter().map(|(name, tensor)| Entry::of(format!("{prefix}{name}"), tensor)).collect()
}

fn settings(bytes: &[u8]) -> Result<Settings, Error> {
    serde_json::from_str(&metadata(bytes, SETTINGS)?).map_err(|error| damaged(&error))
}

fn weights(file: &SafeTensors, prefix: &str) -> Result<StateDict, Error> {
    let mut state = StateDict::new();
    for (name, view) in file.tensors() {
        if let Some(name) = name.strip_prefix(prefix) {
            if view.dtype() != Dtype::F32 {
                return Err(damaged(&format!("{name} is no f32")));
            }
            let values = view.data().as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
            state.insert(name.into(), FloatTensor { shape: view.shape().to_vec(), values });
        }
    }
    Ok(state)
}

/// A state dict as a safetensors file.
pub fn to_safetensors(state: &StateDict) -> Result<Vec<u8>, Error> {
    let tensors: Vec<Entry> = state.iter().map(|(name, tensor)| Entry::of(name.clone(), tensor)).collect();
    serialize(&tensors, None)
}

/// A tensor on its way into a file.
struct Entry {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Entry {
    fn new(name: &str, dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), dtype, shape, bytes }
    }

    fn of(name: String, tensor: &FloatTensor) -> Self {
        let bytes = tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { name, dtype: Dtype::F32, shape: tensor.shape.clone(), bytes }
    }
}

fn serialize(tensors: &[Entry], metadata: Option<HashMap<String, String>>) -> Result<Vec<u8>, Error> {
    let views = tensors
        .iter()
        .map(|entry| Ok((&entry.name, TensorView::new(entry.dtype, entry.shape.clone(), &entry.bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    views.and_then(|views| safetensors::serialize(views, metadata)).map_err(|error| damaged(&error))
}

/// A checkpoint whose bytes are those that were written.
fn open(bytes: &[u8]) -> Result<SafeTensors<'_>, Error> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(&error))?;
    let mut tensors = file.tensors();
    tensors.sort_by(|left, right| left.0.cmp(&right.0));
    let tensors = tensors.iter().map(|(name, view)| (name.as_str(), view.data()));
    if checksum(&metadata(bytes, SETTINGS)?, tensors) != metadata(bytes, CHECKSUM)? {
        return Err(damaged(&"its checksum differs, so bytes were changed on the way"));
    }
    Ok(file)
}

/// CRC-32 of the settings, then of every tensor's name and bytes in the order of the names.
fn checksum<'a>(settings: &str, tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(settings.as_bytes());
    for (name, bytes) in tensors {
        hasher.update(name.as_bytes());
        hasher.update(bytes);
    }
    format!("{:08x}", hasher.finalize())
}

fn metadata(bytes: &[u8], key: &str) -> Result<String, Error> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error))?;
    let text = metadata.metadata().as_ref().and_then(|entries| entries.get(key)).cloned();
    text.ok_or_else(|| damaged(&format!("it has no {key}")))
}

fn tensor<'a>(file: &SafeTensors<'a>, name: &str) -> Result<&'a [u8], Error> {
    Ok(file.tensor(name).map_err(|error| damaged(&error))?.data())
}

fn damaged(problem: &dyn std::fmt::Display) -> Error {
    Error::Checkpoint(problem.to_string())
}

fn to_bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn floats(file: &SafeTensors, name: &str) -> Result<Vec<f64>, Error> {
    let view = file.tensor(name).map_err(|error| damaged(&error))?;
    if view.dtype() != Dtype::F64 {
        return Err(damaged(&format!("{name} is no f64")));
    }
    Ok(view.data().as_chunks().0.iter().map(|&value| f64::from_le_bytes(value)).collect())
}

impl EpochRow {
    fn to_array(self) -> [f64; ROW] {
        [
            self.train_loss,
            self.train_top1,
            self.train_top5,
            self.train_time,
            self.test_loss,
            self.test_top1,
            self.test_top5,
            self.test_time,
        ]
    }

    fn from_array(row: &[f64; ROW]) -> Self {
        let &[train_loss, train_top1, train_top5, train_time, test_loss, test_top1, test_top5, test_time] =
            row;
        Self { train_loss, train_top1, train_top5, train_time, test_loss, test_top1, test_top5, test_time }
    }
}

impl Position {
    /// Counts stay far below `2^53`.
    fn to_array(self) -> [f64; 7] {
        let Sums { loss, top1, top5, pictures } = self.running;
        [f64::from(self.epoch), self.batch as f64, self.step as f64, loss, top1, top5, pictures]
    }

    fn from_array([epoch, batch, step, loss, top1, top5, pictures]: [f64; 7]) -> Self {
        let running = Sums { loss, top1, top5, pictures };
        Self { epoch: epoch as u32, batch: batch as usize, step: step as u64, running }
    }
}
