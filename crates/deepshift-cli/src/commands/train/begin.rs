//! From options to a run: a new one, or one that goes on.

use super::folder::Folder;
use super::options::RunOptions;
use super::run::{Data, Run};
use super::{resume, summary};
use crate::{Result, output};
use deepshift_train::Settings;

/// Settings and folder, checked against each other before any data is read.
pub struct Begun {
    pub settings: Settings,
    resumed: Option<Folder>,
    notes: Vec<String>,
}

impl Begun {
    /// `settings` says what arguments ask for; where a run goes on, what they leave out comes from it.
    pub fn new<A>(
        arguments: &A,
        options: &RunOptions,
        settings: impl Fn(&A, Option<&Settings>) -> Result<Settings>,
    ) -> Result<Self> {
        let notes = options.original.check()?;
        let Some(path) = options.resume.as_deref() else {
            return Ok(Self { settings: settings(arguments, None)?, resumed: None, notes });
        };
        let folder = Folder::to_resume(path)?;
        let stored = folder.settings()?;
        let given = settings(arguments, Some(&stored))?;
        let settings = resume::settings(folder.path(), &stored, &given)?;
        Ok(Self { settings, resumed: Some(folder), notes })
    }

    /// The run over these pictures.
    pub fn run(self, options: &RunOptions, data: Data) -> Run<'_> {
        for note in self.notes {
            output::note(&note);
        }
        let command = self.resumed.as_ref().and_then(Folder::command).unwrap_or_else(summary::command);
        let license = options.license.clone().or_else(|| self.resumed.as_ref().and_then(Folder::license));
        let license = license.unwrap_or_else(|| "not stated".into());
        Run { settings: self.settings, data, options, command, license, resumed: self.resumed }
    }
}
