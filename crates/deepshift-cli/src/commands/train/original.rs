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
    /// Processes that load pictures
    #[arg(short = 'j', long, hide = true)]
    workers: Option<u32>,
    /// Batches between two lines
    #[arg(long, hide = true)]
    log_interval: Option<u32>,
    /// Train on the CPU, as is always done here
    #[arg(long, hide = true)]
    no_cuda: bool,
}

impl OriginalOptions {
    /// Refuses what cannot be done; the notes say which options change nothing.
    pub fn check(&self) -> Result<Vec<&'static str>> {
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
        let workers = "note: --workers changes nothing: all pictures are in memory";
        let interval = "note: --log-interval changes nothing: progress is shown all the time";
        let notes = [(self.workers.is_some(), workers), (self.log_interval.is_some(), interval)];
        Ok(notes.into_iter().filter(|(given, _)| *given).map(|(_, note)| note).collect())
    }
}
