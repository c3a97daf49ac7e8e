//! Threads of an operating system.

use crate::{Error, Result};

/// Who does the work.
pub(crate) enum Workers {
    /// The calling thread.
    One,
    /// Rayon's global pool.
    Global,
    /// A pool of the executor's own.
    Own(rayon::ThreadPool),
}

impl Workers {
    /// Errors: no threads, or more than the system gives.
    pub fn new(threads: Option<usize>) -> Result<Self> {
        match threads {
            Some(0) => Err(Error::BadArgument("the number of threads must be at least 1".into())),
            Some(1) => Ok(Self::One),
            None => Ok(Self::Global),
            Some(threads) => rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .map(Self::Own)
                .map_err(|error| Error::Limit(format!("cannot start {threads} threads: {error}"))),
        }
    }

    pub fn count(&self) -> usize {
        match self {
            Self::One => 1,
            Self::Global => rayon::current_num_threads(),
            Self::Own(pool) => pool.current_num_threads(),
        }
    }

    /// Runs `work` so that [`for_each_block`](super::for_each_block) inside it uses these threads.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match self {
            Self::Own(pool) => pool.install(work),
            Self::One | Self::Global => work(),
        }
    }
}
