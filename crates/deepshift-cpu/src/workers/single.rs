//! The one thread that there is in wasm.

use crate::{Error, Result};

/// Who does the work: the calling thread.
pub(crate) struct Workers;

impl Workers {
    /// Any number of threads is one here; no thread is an error, as everywhere.
    pub fn new(threads: Option<usize>) -> Result<Self> {
        match threads {
            Some(0) => Err(Error::BadArgument("the number of threads must be at least 1".into())),
            _ => Ok(Self),
        }
    }

    pub fn count(&self) -> usize {
        1
    }

    /// Runs `work`.
    pub fn install<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }
}
