//! The run that a worker drives.

use crate::reports::{Exponents, Filters, Position, Step, Test, to_json};
use crate::{Error, TrainSettings};
use burn::tensor::Device;
use deepshift_core::{Model, Provenance};
use deepshift_train::data::{Dataset, mnist};
use deepshift_train::{Sums, Trainer, log_probabilities, model_weights, pack, pack_float};
use wasm_bindgen::prelude::wasm_bindgen;

/// Pictures that are tested together: more would only take more memory.
const TEST_BATCH: u32 = 250;

/// A training run and its pictures.
#[wasm_bindgen]
pub struct Training {
    trainer: Trainer,
    train: Dataset,
    test: Dataset,
}

#[wasm_bindgen]
impl Training {
    /// A new run from random weights. `settings` is JSON of [`TrainSettings`], images are bytes `[n, 28, 28]`, labels
    /// `[n]`; the test part may be empty.
    #[wasm_bindgen(constructor)]
    pub fn new(
        settings: &str,
        train_images: Vec<u8>,
        train_labels: Vec<u8>,
        test_images: Vec<u8>,
        test_labels: Vec<u8>,
    ) -> Result<Training, Error> {
        let settings = TrainSettings::from_json(settings)?.settings()?;
        let [train, test] = datasets(train_images, &train_labels, test_images, &test_labels)?;
        let trainer = Trainer::new(settings, train.len(), None, &training_device())?;
        Ok(Self { trainer, train, test })
    }

    /// A new run from the weights of a `.dshift` file: fine-tuning. Network, type and bits are the file's unless the
    /// settings name others.
    pub fn from_model(
        settings: &str,
        file: &[u8],
        train_images: Vec<u8>,
        train_labels: Vec<u8>,
        test_images: Vec<u8>,
        test_labels: Vec<u8>,
    ) -> Result<Training, Error> {
        let model = Model::from_bytes(file)?;
        let settings = TrainSettings::from_json_for(settings, &model)?.settings()?;
        let [train, test] = datasets(train_images, &train_labels, test_images, &test_labels)?;
        let weights = model_weights(&model);
        let trainer = Trainer::new(settings, train.len(), Some(&weights), &training_device())?;
        Ok(Self { trainer, train, test })
    }

    /// The run that [`checkpoint`](Self::checkpoint) wrote, over the same pictures; it goes on with the same bits as if
    /// it had never stopped.
    pub fn resume(
        checkpoint: &[u8],
        train_images: Vec<u8>,
        train_labels: Vec<u8>,
        test_images: Vec<u8>,
        test_labels: Vec<u8>,
    ) -> Result<Training, Error> {
        let [train, test] = datasets(train_images, &train_labels, test_images, &test_labels)?;
        let trainer = Trainer::from_checkpoint(checkpoint, train.len(), &training_device())?;
        Ok(Self { trainer, train, test })
    }

    /// Takes one step. JSON `{ epoch, batch, batches, step, loss, top1, learning_rate, epoch_complete, finished }`:
    /// `epoch` and `batch` count what is done, `loss` is the mean and `top1` the fraction of this batch. After
    /// `epoch_complete` comes [`finish_epoch`](Self::finish_epoch); `finished` says that this was the last step.
    pub fn step(&mut self) -> Result<String, Error> {
        if self.trainer.is_finished() {
            return Err(Error::argument("all epochs are done"));
        }
        if self.trainer.epoch_is_complete() {
            return Err(Error::argument("the epoch is complete: finish_epoch comes next"));
        }
        let learning_rate = self.trainer.learning_rate();
        let batches: Vec<_> =
            self.trainer.next_batches().iter().map(|indices| self.train.batch(indices)).collect();
        let sums = self.trainer.step(&batches)?;
        to_json(&Step {
            position: Position::of(&self.trainer),
            loss: sums.mean_loss(),
            top1: sums.top1 / sums.pictures.max(1.0),
            learning_rate,
        })
    }

    /// Where the run is: `{ epoch, batch, batches, step, epoch_complete, finished }` as [`step`](Self::step) says it.
    pub fn position(&self) -> Result<String, Error> {
        to_json(&Position::of(&self.trainer))
    }

    /// Tests up to `count` test pictures from `first` on, with rounded weights. JSON `{ loss, correct, pictures,
    /// predictions, probabilities }`: `loss` is a sum, and each picture has its likeliest class and the probability of
    /// its right one.
    pub fn test(&self, first: u32, count: u32) -> Result<String, Error> {
        let network = self.trainer.evaluated();
        let end = first.saturating_add(count).min(self.test.len());
        let mut test = Test::default();
        for start in (first.min(end)..end).step_by(TEST_BATCH as usize) {
            let indices: Vec<u32> = (start..(start + TEST_BATCH).min(end)).collect();
            let batch = self.test.batch(&indices);
            test.count(&log_probabilities(&network, &batch, &Device::flex())?, &batch.labels);
        }
        to_json(&test)
    }

    /// Ends a complete epoch with what the worker measured: the mean loss and the fraction of right answers over the
    /// test pictures, and wall times in seconds.
    pub fn finish_epoch(
        &mut self,
        test_loss: f64,
        test_top1: f64,
        train_seconds: f64,
        test_seconds: f64,
    ) -> Result<(), Error> {
        if !self.trainer.epoch_is_complete() {
            return Err(Error::argument("the epoch is not complete"));
        }
        // Nobody asks for the first five of ten digits.
        let sums = Sums { loss: test_loss, top1: test_top1, top5: f64::NAN, pictures: 1.0 };
        self.trainer.finish_epoch(&sums, train_seconds, test_seconds);
        Ok(())
    }

    /// JSON of the finished epochs, a list of `{ train_loss, train_top1, train_top5, train_time, test_loss, test_top1,
    /// test_top5, test_time }` with accuracies in percent, times in seconds and `test_top5` null.
    pub fn history(&self) -> Result<String, Error> {
        to_json(&self.trainer.history())
    }

    /// JSON `[{ layer, k, zeros, negative }]` of the rounded shift layers: weights `±2^-k` by `k`, zeros, and how many
    /// are negative. Empty for a float network.
    pub fn exponents(&self) -> Result<String, Error> {
        to_json(&Exponents::of_model(&self.float_model()?))
    }

    /// JSON `{ shape: [out, in, height, width], values }` of the first layer's rounded weights.
    pub fn filters(&self) -> Result<String, Error> {
        to_json(&Filters::of_model(&self.float_model()?)?)
    }

    /// Lets a run become longer or shorter.
    pub fn set_epochs(&mut self, epochs: u32) {
        self.trainer.set_epochs(epochs);
    }

    /// Everything that [`resume`](Self::resume) needs but the pictures.
    pub fn checkpoint(&self) -> Result<Vec<u8>, Error> {
        Ok(self.trainer.to_checkpoint()?)
    }

    /// The rounded network as a `.dshift` file. The first `calibration_pictures` training pictures choose the formats
    /// of integer mode; 0 writes float mode only, as a float network does.
    pub fn export_model(&self, calibration_pictures: u32) -> Result<Vec<u8>, Error> {
        if calibration_pictures == 0 {
            return Ok(self.float_model()?.to_bytes()?);
        }
        let network = self.trainer.evaluated();
        let packed = pack(&network, &self.train, calibration_pictures, &self.provenance(), false)?;
        Ok(packed.model.to_bytes()?)
    }

    fn float_model(&self) -> Result<Model, Error> {
        let preprocessing = Some(self.train.preprocessing().clone());
        let classes = self.train.classes().to_vec();
        Ok(pack_float(&self.trainer.evaluated(), preprocessing, classes, &self.provenance())?.model)
    }

    fn provenance(&self) -> Provenance {
        let mut provenance =
            Provenance { license: "not stated".into(), origin: ORIGIN.into(), ..Provenance::default() };
        let mut note = |name: &str, value: String| provenance.notes.insert(name.into(), value);
        note("data", "mnist".into());
        note("steps", self.trainer.position().step.to_string());
        if let Some(row) = self.trainer.history().last() {
            note("epochs", self.trainer.history().len().to_string());
            note("top1", format!("{:.2}", row.test_top1));
        }
        provenance
    }
}

const ORIGIN: &str = "trained in a browser with deepshift";

fn training_device() -> Device {
    Device::flex().autodiff()
}

fn datasets(
    train_images: Vec<u8>,
    train_labels: &[u8],
    test_images: Vec<u8>,
    test_labels: &[u8],
) -> Result<[Dataset; 2], Error> {
    let part = |name: &str, images, labels| {
        mnist::dataset(images, labels)
            .map_err(|problem| Error::argument(format!("{name} pictures: {problem}")))
    };
    let train = part("training", train_images, train_labels)?;
    if train.is_empty() {
        return Err(Error::argument("there are no training pictures"));
    }
    Ok([train, part("test", test_images, test_labels)?])
}
