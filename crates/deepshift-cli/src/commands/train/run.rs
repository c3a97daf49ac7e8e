//! Drives a training: progress, checkpoints, the log, and the results at the end.

use super::folder::Folder;
use super::options::{DataOptions, RunOptions};
use super::{stored, summary};
use crate::accuracy::Accuracy;
use crate::dataset::tell_skipped;
use crate::engine::{DeviceName, Engine, EngineOptions, KernelName, ModeName};
use crate::progress::Progress;
use crate::{Error, Result, files, interrupt, output, text, weights};
use burn::tensor::Device;
use deepshift_burn::{Network, StateDict};
use deepshift_core::{Input, Model, Tensor};
use deepshift_train::data::{Loader, Source};
use deepshift_train::{CALIBRATION_PICTURES, Settings, Sums, Trainer, evaluate, model_weights, pack};
use std::cell::Cell;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A training that the command line asked for.
pub struct Run<'a> {
    pub settings: Settings,
    pub data: Data,
    pub options: &'a RunOptions,
    /// The command that began it.
    pub command: String,
    /// The folder of the run that goes on.
    /// Of the weights.
    pub license: String,
    pub resumed: Option<Folder>,
}

/// The pictures of a run.
pub struct Data {
    /// Of the data set, as in `deepshift train NAME`.
    pub name: &'static str,
    pub train: Arc<dyn Source>,
    pub test: Arc<dyn Source>,
    test_batch_size: NonZeroUsize,
    /// Threads that make batches ahead.
    workers: usize,
    /// Pictures that could not be read and of which the user knows.
    told: Cell<usize>,
}

/// Pictures tested together where nobody says otherwise.
const TEST_BATCH_SIZE: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

impl Data {
    pub fn new(
        name: &'static str,
        train: impl Source + 'static,
        test: impl Source + 'static,
        options: &DataOptions,
    ) -> Self {
        let test_batch_size = options.test_batch_size.unwrap_or(TEST_BATCH_SIZE);
        Self {
            name,
            train: Arc::new(train),
            test: Arc::new(test),
            test_batch_size,
            workers: options.workers,
            told: Cell::new(0),
        }
    }

    /// Says which pictures could not be read since it was asked last.
    fn tell_skipped(&self) {
        let parts = [self.train.skipped(), self.test.skipped()];
        let count = parts.iter().map(|part| part.count).sum();
        if count > self.told.replace(count) {
            tell_skipped(&parts);
        }
    }

    /// Refuses a test part of which no picture can be read, before hours are spent on a training.
    fn check(&self) -> Result<()> {
        let is_readable = |index| self.test.picture(index, None).is_ok();
        match (0..self.test.len()).any(is_readable) {
            true => Ok(()),
            false => Err(self.test.skipped().error(self.test.len() as usize).into()),
        }
    }

    /// The test part, batch by batch.
    fn tests(&self) -> Loader {
        Loader::evaluation(self.test.clone(), self.test_batch_size, self.workers)
    }
}

pub fn run(run: &Run) -> Result<()> {
    let (mut devices, device_name) = run.options.device.devices()?;
    let device = devices.remove(0);
    let new_folder = Folder::of(run);
    let (mut trainer, folder) = match &run.resumed {
        Some(folder) => (resume(run, folder, &device)?, folder),
        None => (start(run, &device)?, &new_folder),
    };
    trainer.share_with(devices);
    run.data.check()?;
    if run.options.evaluate {
        return evaluate_only(run, &trainer);
    }
    interrupt::take_over();
    let _lock = folder.begin(run, &trainer)?;
    output::report(&format!("{}\n", summary::headline(&trainer, folder.path(), device_name)));
    while !trainer.is_finished() {
        train_epoch(run, &mut trainer, folder)?;
    }
    folder.finish(run, &trainer)?;
    output::report(&summary::result(&trainer, folder.path()));
    Ok(())
}

fn start(run: &Run, device: &Device) -> Result<Trainer> {
    let weights = run.options.weights.as_deref().map(|path| read_weights(run, path)).transpose()?;
    if run.options.evaluate && weights.is_none() {
        return Err(Error::input("--evaluate needs weights: give --weights FILE or --resume FOLDER"));
    }
    Ok(Trainer::new(run.settings.clone(), run.data.train.len(), weights.as_ref(), device)?)
}

/// Those of a packed model are decoded, so that a training goes on from a conversion.
fn read_weights(run: &Run, path: &Path) -> Result<StateDict> {
    let bytes = files::read(path)?;
    let graph = run.settings.graph()?;
    let state = match files::is_packed(&bytes) {
        true => decoded(path, &files::parse_model(path, &bytes)?)?,
        false => weights::read(path, &bytes, &graph, &run.options.key)?,
    };
    stored::check(run.settings.shift.as_ref(), &state, &graph, path)?;
    let range = weights::out_of_range(&graph, &state);
    weights::range_notes(&range, CLIPPED).iter().for_each(|note| output::note(note));
    Ok(state)
}

const CLIPPED: &str = "training can make up for that, or scale the weights down where a BatchNorm follows";

fn decoded(path: &Path, model: &Model) -> Result<StateDict> {
    let is_beyond_training = |tensor: &Tensor| match tensor {
        Tensor::Shift(weight) => weight.second.is_some() || weight.exponents.is_some(),
        Tensor::Float(_) => false,
    };
    match model.tensors.iter().find(|(_, tensor)| is_beyond_training(tensor)) {
        Some((name, _)) => Err(Error::input(format!(
            "{}: {} has two terms or channel exponents, and training has neither: convert without --terms 2 and \
             --channel-exponents",
            path.display(),
            text::one_line(name)
        ))),
        None => Ok(model_weights(model)),
    }
}

fn resume(run: &Run, folder: &Folder, device: &Device) -> Result<Trainer> {
    let mut trainer = folder.load(run.data.train.len(), device)?;
    let position = trainer.position();
    let begun = position.epoch + u32::from(position.batch > 0);
    if run.settings.epochs < begun {
        return Err(Error::input(format!(
            "{} is in its epoch {begun} already: --epochs must be at least {begun}",
            folder.path().display()
        )));
    }
    trainer.set_epochs(run.settings.epochs);
    Ok(trainer)
}

fn train_epoch(run: &Run, trainer: &mut Trainer, folder: &Folder) -> Result<()> {
    let started = Instant::now();
    let mut saved = Instant::now();
    let mut waited = Duration::ZERO;
    let label = format!("epoch {}/{}", trainer.position().epoch + 1, trainer.settings().epochs);
    let mut progress = Progress::new(&label, trainer.batches() as u64);
    let first = trainer.position().batch;
    progress.advance(first as u64, "");
    let mut loader = Loader::training(run.data.train.clone(), trainer.epoch(), first, run.data.workers);
    while !trainer.epoch_is_complete() {
        if interrupt::requested() {
            drop(progress);
            folder.save_checkpoint(trainer)?;
            output::note(&format!("stopped and saved; go on with --resume {}", folder.path().display()));
            return Err(Error::Interrupted);
        }
        let loading = Instant::now();
        let multiplier = trainer.settings().batch_multiplier.get();
        let batches: Vec<_> = loader.by_ref().take(multiplier).collect::<std::result::Result<_, _>>()?;
        waited += loading.elapsed();
        trainer.step(&batches)?;
        progress.advance(batches.len() as u64, &detail(trainer, waited, started.elapsed()));
        if saved.elapsed().as_secs() >= run.options.save_interval {
            folder.save_checkpoint(trainer)?;
            saved = Instant::now();
        }
    }
    drop(progress);
    let train_time = started.elapsed().as_secs_f64();
    let testing = Instant::now();
    let test = test(trainer, run)?;
    run.data.tell_skipped();
    if !test.loss.is_finite() {
        return Err(Error::input(format!("the test loss became {}: try a lower learning rate", test.loss)));
    }
    trainer.finish_epoch(&test, train_time, testing.elapsed().as_secs_f64());
    folder.save_epoch(run, trainer)?;
    output::report(&summary::epoch(trainer));
    Ok(())
}

fn detail(trainer: &Trainer, waited: Duration, elapsed: Duration) -> String {
    let running = trainer.position().running;
    format!(
        "loss {:.4}, top-1 {:.2} %, data wait {:.0} %",
        running.mean_loss(),
        running.top1_percent(),
        100.0 * waited.as_secs_f64() / elapsed.as_secs_f64().max(1e-9)
    )
}

/// Loss and accuracy over the test part.
fn test(trainer: &Trainer, run: &Run) -> Result<Sums> {
    let (network, device) = (trainer.evaluated(), trainer.evaluation_device());
    let mut sums = Sums::default();
    for batch in run.data.tests() {
        let batch = batch?;
        if !batch.labels.is_empty() {
            sums.add(&evaluate(&network, &batch, &device)?);
        }
    }
    Ok(sums)
}

fn evaluate_only(run: &Run, trainer: &Trainer) -> Result<()> {
    let network = trainer.evaluated();
    if run.options.use_kernel {
        return evaluate_packed(run, trainer, &network);
    }
    let sums = test(trainer, run)?;
    output::print(&format!(
        "test loss {:.4}, top-1 {:.2} %, top-5 {:.2} %\n",
        sums.mean_loss(),
        sums.top1_percent(),
        sums.top5_percent()
    ))
}

fn evaluate_packed(run: &Run, trainer: &Trainer, network: &Network) -> Result<()> {
    let packed =
        pack(network, &*run.data.train, CALIBRATION_PICTURES, &summary::provenance(run, trainer), false)?;
    let has_shift = trainer.settings().shift.is_some();
    if has_shift && packed.model.integer.is_none() {
        return Err(Error::input(format!(
            "--use-kernel has no integer network to run: {}",
            packed.notes.join("; ")
        )));
    }
    let options = EngineOptions {
        mode: Some(if has_shift { ModeName::Integer } else { ModeName::Float }),
        kernel: if has_shift { KernelName::Shift } else { KernelName::NaiveMultiply },
        device: DeviceName::Cpu,
        threads: None,
    };
    let engine = Engine::new(&packed.model, &options)?;
    let mut accuracy = Accuracy::default();
    for batch in run.data.tests() {
        let batch = batch?;
        let logits = engine.run(Input::Values(&batch.images))?;
        let classes = logits.len() / batch.labels.len().max(1);
        for (logits, &label) in logits.chunks(classes.max(1)).zip(&batch.labels) {
            accuracy.count(logits, label as usize);
        }
    }
    let top1 = accuracy.top1_percent();
    output::print(&format!("top-1 {top1:.2} %: {}\n", engine.description()))
}
