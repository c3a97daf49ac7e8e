//! Threads: the only place that knows of rayon.

use crate::{Error, Result};
use rayon::prelude::*;

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
    /// The browser has no threads: there it is always one.
    pub fn new(threads: Option<usize>) -> Result<Self> {
        match threads {
            Some(0) => Err(Error::BadArgument("the number of threads must be at least 1".into())),
            Some(1) => Ok(Self::One),
            _ if cfg!(target_family = "wasm") => Ok(Self::One),
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

    /// Runs `work` so that [`for_each_block`] inside it uses these threads.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match self {
            Self::Own(pool) => pool.install(work),
            Self::One | Self::Global => work(),
        }
    }
}

/// Calls `body(scratch, index, block)` for each block of `out`; the last one may be shorter. Scratch memory is made
/// once per thread or so and holds anything when `body` gets it.
pub(crate) fn for_each_block<T: Send, S: Default>(
    parallel: bool,
    out: &mut [T],
    block: usize,
    body: impl Fn(&mut S, usize, &mut [T]) + Sync,
) {
    let block = block.max(1);
    if parallel && out.len() > block {
        out.par_chunks_mut(block)
            .enumerate()
            .for_each_init(S::default, |scratch, (index, block)| body(scratch, index, block));
    } else {
        let mut scratch = S::default();
        for (index, block) in out.chunks_mut(block).enumerate() {
            body(&mut scratch, index, block);
        }
    }
}
