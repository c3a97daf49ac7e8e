//! The folder of a run, named and filled as the original's.

use super::run::Run;
use super::summary;
use crate::pictures::{curves, exponents};
use crate::{Error, Result, files};
use burn::tensor::Device;
use deepshift_burn::StateDict;
use deepshift_train::{Settings, Trainer, checkpoint_settings, to_safetensors};
use std::path::{Path, PathBuf};

pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// Rounded weights, as the original's `weights.pth`.
const WEIGHTS: &str = "weights.safetensors";
const UNROUNDED: &str = "weights_unrounded.safetensors";
const MODEL: &str = "model.dshift";

pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// `models/<data set>/<architecture>/<label>`.
    pub fn of(run: &Run) -> Self {
        let label = label(&run.settings, &run.options.desc);
        let path = run.options.models.join(run.dataset).join(&run.settings.architecture).join(label);
        Self { path }
    }

    /// The folder that a user names by itself or by its checkpoint.
    pub fn to_resume(path: &Path) -> Result<Self> {
        let path = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let folder = Self { path: path.to_path_buf() };
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

    pub fn load(&self, pictures: u32, device: &Device) -> Result<Trainer> {
        let bytes = files::read(&self.path.join(CHECKPOINT))?;
        Trainer::from_checkpoint(&bytes, pictures, device)
            .map_err(|error| Error::input(format!("{}: {error}", self.path.join(CHECKPOINT).display())))
    }

    /// A run that was stopped is worth hours; a finished one is replaced, as the original does.
    pub fn refuse_unfinished(&self) -> Result<()> {
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
    pub fn prepare(&self, run: &Run, trainer: &Trainer) -> Result<()> {
        std::fs::create_dir_all(&self.path)
            .map_err(|error| Error::input(format!("cannot make {}: {error}", self.path.display())))?;
        // What an earlier run of this name left would otherwise pass for this one's.
        if !trainer.is_finished() {
            for name in [MODEL, WEIGHTS, UNROUNDED] {
                let _ = std::fs::remove_file(self.path.join(name));
            }
        }
        self.write("command_args.txt", &summary::command_args(run, trainer.settings())?)?;
        self.write("model_summary.txt", &summary::network(trainer.network().graph())?)
    }

    pub fn save_checkpoint(&self, trainer: &Trainer) -> Result<()> {
        files::write(&self.path.join(CHECKPOINT), &trainer.to_checkpoint()?)
    }

    /// What the folder holds after every epoch.
    pub fn save_epoch(&self, run: &Run, trainer: &Trainer) -> Result<()> {
        self.save_checkpoint(trainer)?;
        self.write("train_log.csv", &summary::log(trainer.history())?)?;
        self.write("training.svg", &curves::draw(trainer.history())?)?;
        if run.options.save_model {
            self.write_weights(WEIGHTS, &trainer.evaluated().state())?;
        }
        Ok(())
    }

    /// What the folder holds at the end.
    pub fn finish(&self, run: &Run, trainer: &Trainer) -> Result<()> {
        if !run.options.save_model {
            return Ok(());
        }
        self.write_weights(UNROUNDED, &trainer.network().state())?;
        let provenance = summary::provenance(run, trainer);
        let packed = crate::pack::pack(&trainer.evaluated(), &run.train, &provenance, false)?;
        let counts = exponents::ExponentCounts::of_model(&packed.model);
        if !counts.is_empty() {
            self.write("exponents.svg", &exponents::draw(&counts)?)?;
        }
        for note in &packed.notes {
            eprintln!("{note}");
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
