//! What the page is told, as JSON.

use crate::Error;
use deepshift_core::{Model, ShiftWeight, Tensor};
use deepshift_train::Trainer;
use serde::Serialize;

pub fn to_json(report: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(report).map_err(Error::argument)
}

/// Where the run is.
#[derive(Serialize)]
pub struct Position {
    /// Epochs that are finished.
    epoch: u32,
    /// Batches of the current epoch that are done, and all of them.
    batch: usize,
    batches: usize,
    /// Steps of the run that are done.
    step: u64,
    /// Whether testing and `finish_epoch` come next.
    epoch_complete: bool,
    /// Whether no step is left.
    finished: bool,
}

impl Position {
    pub fn of(trainer: &Trainer) -> Self {
        let position = trainer.position();
        let epoch_complete = trainer.epoch_is_complete();
        let epochs_done = position.epoch + u32::from(epoch_complete);
        Self {
            epoch: position.epoch,
            batch: position.batch,
            batches: trainer.batches(),
            step: position.step,
            epoch_complete,
            finished: epochs_done >= trainer.settings().epochs,
        }
    }
}

/// What a step did.
#[derive(Serialize)]
pub struct Step {
    #[serde(flatten)]
    pub position: Position,
    /// Mean over the batch.
    pub loss: f64,
    /// Fraction of the batch.
    pub top1: f64,
    /// Of this step.
    pub learning_rate: f64,
}

/// What the network, its weights rounded, says of test pictures.
#[derive(Serialize, Default)]
pub struct Test {
    /// Sum.
    pub loss: f64,
    pub correct: u32,
    pub pictures: u32,
    /// The likeliest class of each picture.
    pub predictions: Vec<usize>,
    /// What the right class of each picture got.
    pub probabilities: Vec<f32>,
}

impl Test {
    /// Takes in a batch from its log-probabilities `[n, classes]`.
    pub fn count(&mut self, log_probabilities: &[f32], labels: &[i32]) {
        let classes = log_probabilities.len() / labels.len().max(1);
        for (row, &label) in log_probabilities.chunks_exact(classes.max(1)).zip(labels) {
            let label = label as usize;
            let prediction = highest(row);
            self.loss -= f64::from(row[label]);
            self.correct += u32::from(prediction == label);
            self.pictures += 1;
            self.predictions.push(prediction);
            self.probabilities.push(row[label].exp());
        }
    }
}

/// The index of the highest value, the lowest of equals.
fn highest(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, index| if row[index] > row[best] { index } else { best })
}

/// How often a shift layer uses each power of two.
#[derive(Serialize)]
pub struct Exponents<'a> {
    layer: &'a str,
    /// Weights `±2^-k`, by `k`.
    k: Vec<u32>,
    /// Weights that are 0.
    zeros: u32,
    /// Negative weights.
    negative: u32,
}

impl<'a> Exponents<'a> {
    /// Of every shift layer, in the order of the graph.
    pub fn of_model(model: &'a Model) -> Vec<Self> {
        let layers = model.graph.nodes.iter().map(|node| &node.name);
        layers
            .filter_map(|name| model.shift_weight(name).map(|weight| Self::of_weight(name, weight)))
            .collect()
    }

    fn of_weight(layer: &'a str, weight: &ShiftWeight) -> Self {
        let kmax = usize::from(weight.format.kmax());
        let mut counts = Self { layer, k: vec![0; kmax + 1], zeros: 0, negative: 0 };
        for index in 0..weight.len() {
            let [term, _] = weight.terms(index);
            match term.sign {
                0 => counts.zeros += 1,
                sign => {
                    counts.k[usize::from(term.k)] += 1;
                    counts.negative += u32::from(sign < 0);
                }
            }
        }
        counts
    }
}

/// The weights of the first layer.
#[derive(Serialize)]
pub struct Filters {
    /// Out, in, height, width.
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Filters {
    /// A linear layer's weights lie on the pictures that it sees.
    pub fn of_model(model: &Model) -> Result<Self, Error> {
        let mut names = model.graph.nodes.iter().map(|node| format!("{}.weight", node.name));
        let weight = names.find_map(|name| model.tensors.get(&name));
        let weight: &Tensor = weight.ok_or_else(|| Error::argument("the network has no weights"))?;
        let mut shape = weight.shape().to_vec();
        if shape.len() == 2 {
            shape.truncate(1);
            shape.extend(model.graph.input_shape());
        }
        Ok(Self { shape, values: weight.values().into_owned() })
    }
}
