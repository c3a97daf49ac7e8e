//! Options of the original that mean nothing here: taken where that is harmless, refused where it is not.

use crate::{Error, Result};
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use std::path::PathBuf;

#[derive(Args, Clone, Debug)]
pub struct OriginalOptions {
    /// A whole pickled module
    #[arg(long, hide = true)]
    model: Option<PathBuf>,
    /// Weights from the internet
    #[arg(long, hide = true, action = ArgAction::Set, value_parser = BoolishValueParser::new(), num_args = 0..=1,
          default_value = "false", default_missing_value = "true")]
    pretrained: bool,
    /// Batches between two lines
    #[arg(long, hide = true)]
    log_interval: Option<u32>,
    /// The same
    #[arg(short, long, hide = true)]
    print_freq: Option<u32>,
    /// Train on the CPU, as is always done here
    #[arg(long, hide = true)]
    no_cuda: bool,
    /// First epoch of a run that goes on
    #[arg(long, hide = true)]
    start_epoch: Option<u32>,
    /// Learn nothing but the last layer of weights from the internet
    #[arg(long, hide = true, action = ArgAction::Set, value_parser = BoolishValueParser::new(), default_value = "false")]
    freeze: bool,
    /// Optimizer of a run that goes on
    #[arg(long, hide = true)]
    opt_ckpt: Option<PathBuf>,
    /// Machines
    #[arg(long, hide = true, allow_negative_numbers = true)]
    world_size: Option<i32>,
    /// This machine among them
    #[arg(long, hide = true, allow_negative_numbers = true)]
    rank: Option<i32>,
    /// How they meet
    #[arg(long, hide = true)]
    dist_url: Option<String>,
    /// How they talk
    #[arg(long, hide = true)]
    dist_backend: Option<String>,
    /// A process for each GPU
    #[arg(long, hide = true)]
    multiprocessing_distributed: bool,
}

impl OriginalOptions {
    /// Refuses what cannot be done; the notes say which options change nothing.
    pub fn check(&self) -> Result<Vec<String>> {
        if let Some(path) = &self.model {
            return Err(Error::input(format!(
                "{}: a whole pickled module needs the Python classes it was made of: save model.state_dict() and give \
                 it with --weights",
                path.display()
            )));
        }
        if self.pretrained {
            return Err(Error::input(
                "--pretrained: there are no weights to download: train a float network with --shift-depth 0 and give \
                 its weights with --weights",
            ));
        }
        if self.world_size.is_some_and(|machines| machines > 1) || self.rank.is_some_and(|rank| rank > 0) {
            return Err(Error::input("--world-size, --rank: a run trains on one machine: leave them out"));
        }
        let resume = "a run that goes on (--resume FOLDER) knows its epoch and its optimizer";
        let changes_nothing = [
            (self.log_interval.is_some(), "--log-interval", "progress is shown all the time"),
            (self.print_freq.is_some(), "--print-freq", "progress is shown all the time"),
            (self.start_epoch.is_some(), "--start-epoch", resume),
            (self.opt_ckpt.is_some(), "--opt-ckpt", resume),
            (self.freeze, "--freeze", "it belongs to --pretrained, which is refused"),
            (self.dist_url.is_some(), "--dist-url", ONE_MACHINE),
            (self.dist_backend.is_some(), "--dist-backend", ONE_MACHINE),
            (self.multiprocessing_distributed, "--multiprocessing-distributed", ONE_MACHINE),
        ];
        let notes = changes_nothing.into_iter().filter(|(given, ..)| *given);
        Ok(notes.map(|(_, option, why)| format!("note: {option} changes nothing: {why}")).collect())
    }
}

const ONE_MACHINE: &str = "a run trains on one machine";
