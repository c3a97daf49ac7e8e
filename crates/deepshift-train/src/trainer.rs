//! The training loop, one step at a time: whoever drives it decides when to evaluate, save, pause or stop.

use crate::average::Average;
use crate::data::{Batch, Epoch, TrainingEpoch};
use crate::optimizer::{self, ShiftParameters};
use crate::replicas::Replicas;
use crate::{Error, Settings};
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::{Module, ParamGroup};
use burn::optim::{GradientsAccumulator, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData, activation};
use deepshift_burn::{
    Mode, Network, StateDict, Value, initial_state, randomize_shifts, randomize_sign_scale,
};
use deepshift_core::rank;
use serde::Serialize;

/// A training run between two steps.
pub struct Trainer {
    pub(crate) settings: Settings,
    pub(crate) network: Network,
    pub(crate) average: Option<Average>,
    pub(crate) optimizer: ModuleOptimizer,
    pub(crate) position: Position,
    pub(crate) history: Vec<EpochRow>,
    order: Epoch,
    pub(crate) pictures: u32,
    parameters: ShiftParameters,
    device: Device,
    /// Further devices, which compute parts of every batch.
    others: Vec<Device>,
}

/// Where in the run it is, and what the current epoch has summed up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Position {
    /// Epochs done.
    pub epoch: u32,
    /// Batches of the current epoch done.
    pub batch: usize,
    /// Steps of the run done.
    pub step: u64,
    /// The current epoch's sums.
    pub running: Sums,
}

/// Sums over pictures.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Cross-entropy.
    pub loss: f64,
    /// Right answers.
    pub top1: f64,
    /// Right answers among the first five.
    pub top5: f64,
    /// Pictures.
    pub pictures: f64,
}

/// One line of the training log. Accuracies are in percent, times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct EpochRow {
    /// Mean loss over the training pictures, as they were seen.
    pub train_loss: f64,
    /// Top-1 accuracy over the training pictures, as they were seen.
    pub train_top1: f64,
    /// Top-5 accuracy.
    pub train_top5: f64,
    /// Wall time of training.
    pub train_time: f64,
    /// Mean loss over the test pictures, with rounded weights.
    pub test_loss: f64,
    /// Top-1 accuracy over the test pictures.
    pub test_top1: f64,
    /// Top-5 accuracy.
    pub test_top5: f64,
    /// Wall time of testing.
    pub test_time: f64,
}

impl Sums {
    /// Mean loss.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.pictures.max(1.0)
    }

    /// Top-1 accuracy in percent.
    pub fn top1_percent(&self) -> f64 {
        100.0 * self.top1 / self.pictures.max(1.0)
    }

    /// Top-5 accuracy in percent.
    pub fn top5_percent(&self) -> f64 {
        100.0 * self.top5 / self.pictures.max(1.0)
    }

    /// Takes in the sums of more pictures.
    pub fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.top1 += other.top1;
        self.top5 += other.top5;
        self.pictures += other.pictures;
    }

    /// Counts a batch from its log-probabilities `[n, classes]`.
    pub(crate) fn count(log_probabilities: &[f32], labels: &[i32]) -> Result<Self, Error> {
        let mut sums = Self { pictures: labels.len() as f64, ..Self::default() };
        let classes = log_probabilities.len() / labels.len().max(1);
        check_labels(labels, classes)?;
        for (row, &label) in log_probabilities.chunks(classes.max(1)).zip(labels) {
            let rank = rank(row, label as usize);
            sums.loss -= f64::from(row[label as usize]);
            sums.top1 += f64::from(u8::from(rank == 0));
            sums.top5 += f64::from(u8::from(rank < 5));
        }
        Ok(sums)
    }
}

impl Trainer {
    /// A new run over `pictures` training pictures, from PyTorch's random weights or from `weights`. Shift layers are
    /// converted from float weights, also from random ones, as the original does; those of type DenseShift draw their
    /// own random parameters.
    pub fn new(
        settings: Settings,
        pictures: u32,
        weights: Option<&StateDict>,
        device: &Device,
    ) -> Result<Self, Error> {
        settings.check()?;
        let graph = settings.graph()?;
        let options = settings.training_options();
        let random;
        let weights = match weights {
            Some(weights) => weights,
            None => {
                let mut state = initial_state(&graph, settings.seed);
                if settings.random_shifts {
                    randomize_shifts(&graph, settings.seed, &mut state);
                }
                if options.sign_scale {
                    randomize_sign_scale(&graph, settings.seed, &mut state);
                }
                random = state;
                &random
            }
        };
        let network = Network::from_state(&graph, weights, options, device)?;
        let parameters = ShiftParameters::of(&network);
        let optimizer = optimizer::build(&settings, &parameters);
        let order = Epoch::shuffled(pictures, settings.batch_size, settings.seed, 0);
        let average = settings.average_decay.map(|decay| Average::new(network.valid(), decay));
        Ok(Self {
            settings,
            network,
            average,
            optimizer,
            position: Position::default(),
            history: Vec::new(),
            order,
            pictures,
            parameters,
            device: device.clone(),
            others: Vec::new(),
        })
    }

    /// Goes to another place of the run, as a checkpoint says.
    pub(crate) fn seek(&mut self, position: Position) {
        self.position = position;
        self.order =
            Epoch::shuffled(self.pictures, self.settings.batch_size, self.settings.seed, position.epoch);
    }

    /// What was asked for.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Lets a finished run go on.
    pub fn set_epochs(&mut self, epochs: u32) {
        self.settings.epochs = epochs;
    }

    /// Shares every batch with further devices. Each normalises its part of a batch by itself, and the running
    /// statistics are those of the first part, as in PyTorch's `DataParallel`.
    pub fn share_with(&mut self, others: Vec<Device>) {
        self.others = others;
    }

    /// The device of what [`evaluated`](Self::evaluated) gives.
    pub fn evaluation_device(&self) -> Device {
        self.device.clone().inner()
    }

    /// The network as it trains, unrounded.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network that is judged and kept, unrounded and without gradients: the moving average where there is one.
    pub fn judged(&self) -> Network {
        self.average.as_ref().map_or_else(|| self.network.valid(), |average| average.network().clone())
    }

    /// The network for evaluation: rounded, without gradients.
    pub fn evaluated(&self) -> Network {
        self.judged().rounded()
    }

    /// Where the run is.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Log of the epochs done.
    pub fn history(&self) -> &[EpochRow] {
        &self.history
    }

    /// Batches of one epoch.
    pub fn batches(&self) -> usize {
        self.order.batch_count()
    }

    /// Whether all batches of the current epoch are done; [`finish_epoch`](Self::finish_epoch) comes next.
    pub fn epoch_is_complete(&self) -> bool {
        self.position.batch >= self.batches()
    }

    /// Whether all epochs are done.
    pub fn is_finished(&self) -> bool {
        self.position.epoch >= self.settings.epochs
    }

    /// Indices of the pictures of the next step, batch by batch and for runs without augmentation; none where the epoch
    /// is complete.
    pub fn next_batches(&self) -> Vec<Vec<u32>> {
        let multiplier = self.settings.batch_multiplier.get();
        self.order.batches_from(self.position.batch).take(multiplier).map(<[u32]>::to_vec).collect()
    }

    /// The current epoch, from which the batches of steps from [`Position::batch`] on are made, augmented.
    pub fn epoch(&self) -> TrainingEpoch {
        let Settings { batch_size, seed, augmentation, .. } = self.settings;
        TrainingEpoch::new(self.pictures, batch_size, seed, self.position.epoch, augmentation)
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        self.scheduled(self.settings.learning_rate)
    }

    /// The learning rate of each parameter in the next step.
    fn rates(&self) -> ModuleLearningRate {
        let rate = self.learning_rate();
        let mut exponent = None;
        let mut sign = self.settings.learning_rate_sign.map(|base_rate| self.scheduled(base_rate));
        if self.settings.alternate_update {
            *(if self.position.epoch.is_multiple_of(2) { &mut exponent } else { &mut sign }) = Some(0.0);
        }
        let groups = [(&self.parameters.exponent, exponent), (&self.parameters.sign, sign)];
        let mut rates = ModuleLrScheduler::new(rate);
        for (ids, rate) in groups {
            if let Some(rate) = rate {
                rates = rates.with_group(ParamGroup::from_ids(ids.clone()), rate);
            }
        }
        rates.step()
    }

    /// What the schedule makes of a base rate in the next step.
    fn scheduled(&self, base_rate: f64) -> f64 {
        let done = (self.position.batch + 1) as f64 / self.batches().max(1) as f64;
        self.settings.schedule.rate(base_rate, self.position.epoch, done)
    }

    /// Takes one step with the next batches of [`epoch`](Self::epoch), as many as the settings' multiplier. Returns the
    /// step's sums; a loss that is no number ends the run with an error.
    pub fn step(&mut self, batches: &[Batch]) -> Result<Sums, Error> {
        let rates = self.rates();
        let network = self.network.clone().clamp_parameters();
        let replicas = Replicas::new(&network, &self.device, &self.others);
        let first_pass = self.position.step * self.settings.batch_multiplier.get() as u64;
        let mut accumulator = GradientsAccumulator::new();
        let mut sums = Sums::default();
        for (pass, batch) in (first_pass..).zip(batches) {
            for (gradients, counted) in replicas.backward(&self.settings, pass, batch, batches.len())? {
                sums.add(&counted);
                accumulator.accumulate(&network, gradients);
            }
        }
        if !sums.loss.is_finite() {
            return Err(Error::Settings(format!(
                "the loss became {} in step {}: try a lower learning rate",
                sums.loss, self.position.step
            )));
        }
        self.network = self.optimizer.step(rates, network, accumulator.grads());
        if let Some(average) = &mut self.average {
            average.update(&self.network.valid(), self.position.step);
        }
        self.position.batch += batches.len();
        self.position.step += 1;
        self.position.running.add(&sums);
        Ok(sums)
    }

    /// Ends an epoch with what the driver measured, and begins the next.
    pub fn finish_epoch(&mut self, test: &Sums, train_time: f64, test_time: f64) {
        let train = self.position.running;
        self.history.push(EpochRow {
            train_loss: train.mean_loss(),
            train_top1: train.top1_percent(),
            train_top5: train.top5_percent(),
            train_time,
            test_loss: test.mean_loss(),
            test_top1: test.top1_percent(),
            test_top5: test.top5_percent(),
            test_time,
        });
        self.seek(Position {
            epoch: self.position.epoch + 1,
            batch: 0,
            step: self.position.step,
            running: Sums::default(),
        });
    }
}

/// Labels of classes that the network has not would be a panic further on.
pub(crate) fn check_labels(labels: &[i32], classes: usize) -> Result<(), Error> {
    match labels.iter().find(|&&label| label < 0 || label as usize >= classes) {
        Some(label) => Err(Error::Settings(format!("label {label} for a network of {classes} classes"))),
        None => Ok(()),
    }
}

/// A batch as the network's input.
pub(crate) fn pictures(batch: &Batch, device: &Device) -> Value {
    let data = TensorData::new(batch.images.clone(), batch.shape);
    Value::Picture(Tensor::from_data(data, device))
}

pub(crate) fn to_vec(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Loss and accuracy of a network, as [`Trainer::evaluated`] gives it, over one batch.
pub fn evaluate(network: &Network, batch: &Batch, device: &Device) -> Result<Sums, Error> {
    Sums::count(&log_probabilities(network, batch, device)?, &batch.labels)
}

/// Log-probabilities `[n, classes]` that a network, as [`Trainer::evaluated`] gives it, has for a batch.
pub fn log_probabilities(network: &Network, batch: &Batch, device: &Device) -> Result<Vec<f32>, Error> {
    let logits = network.forward(pictures(batch, device), Mode::Evaluation)?;
    Ok(to_vec(activation::log_softmax(logits, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lowest_index() {
        let row = [-1.0, -0.5, -0.5, -3.0, -2.0, -4.0];
        let count = |label| Sums::count(&row, &[label]).unwrap();
        assert_eq!((count(1).top1, count(2).top1, count(2).top5), (1.0, 0.0, 1.0));
        assert_eq!((count(5).top5, count(3).top5), (0.0, 1.0));
        assert_eq!(count(0).loss, 1.0);
        assert_eq!(Sums::count(&[], &[]).unwrap().pictures, 0.0);
        assert!(Sums::count(&row, &[6]).is_err() && Sums::count(&row, &[-1]).is_err());
    }
}
