//! The folder of a run, named and filled as the original's.

use super::lock::Lock;
use super::run::Run;
use super::summary;
use crate::pictures::{curves, exponents};
use crate::weights::{self, WeightsKey};
use crate::{Error, Result, files, output, text};
use burn::tensor::Device;
use deepshift_burn::{Network, StateDict};
use deepshift_core::report::ExponentCounts;
use deepshift_train::{CALIBRATION_PICTURES, Settings, Trainer, checkpoint_settings, pack, to_safetensors};
use std::path::{Path, PathBuf};

pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// Rounded weights of the last epoch, as the original's `weights.pth`.
const WEIGHTS: &str = "weights.safetensors";
/// The same before rounding.
const UNROUNDED: &str = "weights_unrounded.safetensors";
/// Unrounded weights of the best epoch, from which the model is made.
pub const BEST: &str = "weights_best.safetensors";
pub const MODEL: &str = "model.dshift";
const COMMAND: &str = "command_args.txt";
const LOG: &str = "train_log.csv";
const CURVES: &str = "training.svg";
const EXPONENTS: &str = "exponents.svg";
const WEIGHTS_LOG: &str = "weights_log.txt";

pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// `models/<data set>/<architecture>/<label>`.
    pub fn of(run: &Run) -> Self {
        let label = label(&run.settings, &run.options.desc);
        let name = &run.settings.architecture;
        // Where data sets have networks of the same name, the folder of the data set tells them apart.
        let name = name.rsplit('/').next().unwrap_or(name);
        let path = run.options.models.join(run.data.name).join(name).join(label);
        Self { path }
    }

    /// The folder that a user names by itself or by its checkpoint.
    pub fn to_resume(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::input(format!(
                "there is no {}: give the folder of a run to --resume",
                path.display()
            )));
        }
        let path = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let folder = Self { path: if path.as_os_str().is_empty() { ".".into() } else { path.into() } };
        if !folder.path.join(CHECKPOINT).is_file() {
            return Err(Error::input(format!(
                "there is no {CHECKPOINT} in {}: give the folder of a run to --resume",
                folder.path.display()
            )));
        }
        Ok(folder)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the run that it holds was asked for.
    pub fn settings(&self) -> Result<Settings> {
        let path = self.path.join(CHECKPOINT);
        checkpoint_settings(&files::read(&path)?)
            .map_err(|error| Error::input(format!("{}: {error}", path.display())))
    }

    /// The command that began the run that it holds.
    pub fn command(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.path.join(COMMAND)).ok()?;
        text.lines().next().map(text::one_line)
    }

    /// The licence of the weights of the run that it holds.
    pub fn license(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.path.join(COMMAND)).ok()?;
        text.lines().rev().find_map(|line| line.strip_prefix(summary::LICENSE)).map(text::one_line)
    }

    pub fn load(&self, pictures: u32, device: &Device) -> Result<Trainer> {
        let bytes = files::read(&self.path.join(CHECKPOINT))?;
        Trainer::from_checkpoint(&bytes, pictures, device)
            .map_err(|error| Error::input(format!("{}: {error}", self.path.join(CHECKPOINT).display())))
    }

    /// A run that was stopped is worth hours; a finished one is replaced, as the original does.
    fn refuse_unfinished(&self) -> Result<()> {
        let path = self.path.join(CHECKPOINT);
        let is_finished = self.path.join(MODEL).is_file();
        if !path.is_file() || is_finished || checkpoint_settings(&files::read(&path)?).is_err() {
            return Ok(());
        }
        Err(Error::input(format!(
            "{} holds a run that was stopped: go on with --resume {0}, or choose another folder with --desc NAME, or \
             delete it",
            self.path.display()
        )))
    }

    /// Makes the folder and says in it what was asked for.
    pub fn begin(&self, run: &Run, trainer: &Trainer) -> Result<Lock> {
        std::fs::create_dir_all(&self.path)
            .map_err(|error| Error::input(format!("cannot make {}: {error}", self.path.display())))?;
        let lock = Lock::take(&self.path)?;
        match run.resumed {
            Some(_) => self.reopen(run, trainer)?,
            None => self.refuse_unfinished().and_then(|()| self.clear())?,
        }
        self.write(COMMAND, &summary::command_args(run, trainer.settings())?)?;
        self.write("model_summary.txt", &summary::network(trainer)?)?;
        Ok(lock)
    }

    /// Removes what an earlier run of this name left, which would otherwise pass for this one's; its checkpoint first,
    /// because alone it would pass for a run that was stopped.
    fn clear(&self) -> Result<()> {
        [CHECKPOINT, MODEL, WEIGHTS, UNROUNDED, BEST, LOG, CURVES, EXPONENTS, WEIGHTS_LOG]
            .into_iter()
            .try_for_each(|name| self.remove(name))
    }

    fn reopen(&self, run: &Run, trainer: &Trainer) -> Result<()> {
        if run.options.save_model {
            self.refuse_without_best(trainer)?;
        }
        if !trainer.is_finished() {
            self.remove(MODEL)?;
        }
        // The run may have been made longer.
        self.save_checkpoint(trainer)?;
        let position = trainer.position();
        // The run may have been killed between the checkpoint and what else an epoch leaves.
        if position.epoch > 0 && position.batch == 0 { self.save_results(run, trainer) } else { Ok(()) }
    }

    /// A run that went without keeping weights has lost its best epoch: better said now than after the last one.
    fn refuse_without_best(&self, trainer: &Trainer) -> Result<()> {
        let position = trainer.position();
        // The first epoch's results may be what a kill prevented; they are written again.
        let needs_best = position.epoch > 1 || (position.epoch == 1 && position.batch > 0);
        if !needs_best || self.path.join(BEST).is_file() {
            return Ok(());
        }
        Err(Error::input(format!(
            "{} has no {BEST}, because the run kept no weights: go on with --save-model false",
            self.path.display()
        )))
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::input(format!("cannot remove {}: {error}", path.display())))
            }
            _ => Ok(()),
        }
    }

    pub fn save_checkpoint(&self, trainer: &Trainer) -> Result<()> {
        files::write(&self.path.join(CHECKPOINT), &trainer.to_checkpoint()?)
    }

    /// What the folder holds after every epoch.
    pub fn save_epoch(&self, run: &Run, trainer: &Trainer) -> Result<()> {
        self.save_checkpoint(trainer)?;
        self.save_results(run, trainer)
    }

    fn save_results(&self, run: &Run, trainer: &Trainer) -> Result<()> {
        self.write(LOG, &summary::log(trainer.history())?)?;
        self.write(CURVES, &curves::draw(trainer.history())?)?;
        let epochs_done = trainer.history().len();
        if !run.options.save_model {
            return Ok(());
        }
        if summary::best_epoch(trainer.history()) + 1 == epochs_done {
            self.write_weights(BEST, &trainer.judged().state())?;
        }
        self.write_weights(WEIGHTS, &trainer.evaluated().state())
    }

    /// The network of the best epoch, rounded and without gradients.
    fn best(&self, trainer: &Trainer) -> Result<Network> {
        let (path, graph) = (self.path.join(BEST), trainer.network().graph());
        let state = weights::read(&path, &files::read(&path)?, graph, &WeightsKey::default())?;
        let options = trainer.settings().training_options();
        Ok(Network::from_state(graph, &state, options, &Device::flex())?.rounded())
    }

    /// What the folder holds at the end.
    pub fn finish(&self, run: &Run, trainer: &Trainer) -> Result<()> {
        let network = if run.options.save_model { self.best(trainer)? } else { trainer.evaluated() };
        if run.options.print_weights {
            self.write(WEIGHTS_LOG, &summary::weights(&network.state()))?;
        }
        if !run.options.save_model {
            // It was needed to go on with the run, and holds the weights that nobody wants.
            return self.remove(CHECKPOINT);
        }
        self.write_weights(UNROUNDED, &trainer.judged().state())?;
        let provenance = summary::provenance(run, trainer);
        let packed = pack(&network, &*run.data.train, CALIBRATION_PICTURES, &provenance, false)?;
        let counts = ExponentCounts::of_model(&packed.model);
        if !counts.is_empty() {
            self.write(EXPONENTS, &exponents::draw(&counts)?)?;
        }
        for note in &packed.notes {
            output::note(note);
        }
        // Last, because it says that the run is finished.
        files::write(&self.path.join(MODEL), &packed.model.to_bytes()?)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        files::write(&self.path.join(name), text.as_bytes())
    }

    fn write_weights(&self, name: &str, state: &StateDict) -> Result<()> {
        files::write(&self.path.join(name), &to_safetensors(state)?)
    }
}

/// The original's: `shift_ps_all_wb_5`, `shift_q_3_wb_4_desc`, `shift`.
fn label(settings: &Settings, desc: &str) -> String {
    let mut label = match &settings.shift {
        None => "shift".to_string(),
        Some(shift) => {
            let all = settings.graph().is_ok_and(|graph| {
                let (converted, layers) = deepshift_models::shift_layers(&graph);
                converted == layers
            });
            let depth = if all { "all".into() } else { shift.shift_depth.to_string() };
            let name = format!("{:?}", shift.shift_type).to_lowercase();
            format!("shift_{name}_{depth}_wb_{}", shift.weight_bits)
        }
    };
    if !desc.is_empty() {
        label.push('_');
        label.push_str(desc);
    }
    label
}
