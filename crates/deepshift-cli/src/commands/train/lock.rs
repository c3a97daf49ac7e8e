//! One training in a folder at a time.

use crate::{Error, Result};
use std::fs::{File, TryLockError};
use std::path::Path;

/// Held while a program trains in a folder. The system lets go of it however the program ends.
pub struct Lock {
    _folder: Option<File>,
}

impl Lock {
    /// The folder itself is locked, so that no lock file is left in it. Where a folder cannot be opened or locked
    /// (Windows, some network drives) there is no lock.
    pub fn take(path: &Path) -> Result<Self> {
        let Ok(folder) = File::open(path) else { return Ok(Self { _folder: None }) };
        match folder.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Error::input(format!(
                "another training is at work in {}: wait for it, or choose another folder with --desc NAME",
                path.display()
            ))),
            _ => Ok(Self { _folder: Some(folder) }),
        }
    }
}
