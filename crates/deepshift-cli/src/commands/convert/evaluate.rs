//! How good the network is on pictures that are in memory.

use crate::accuracy::Accuracy;
use crate::progress::Progress;
use crate::{Error, Result, interrupt};
use deepshift_core::{Input, Mode, Model};
use deepshift_cpu::{Executor, Options};
use deepshift_train::data::Dataset;

/// Pictures between two looks at the clock and at Ctrl-C.
const BATCH: u32 = 50;

pub fn evaluate(model: &Model, mode: Mode, pictures: &Dataset) -> Result<Accuracy> {
    let executor = Executor::new(model, Options { mode, ..Options::default() })?;
    let mut accuracy = Accuracy::default();
    let mut progress = Progress::new("evaluate", u64::from(pictures.len()));
    for first in (0..pictures.len()).step_by(BATCH as usize) {
        let end = pictures.len().min(first + BATCH);
        let logits = executor.run(Input::Pictures(pictures.bytes(first, end)))?;
        for (index, logits) in (first..end).zip(logits.chunks(pictures.classes().len())) {
            accuracy.count(logits, usize::from(pictures.label(index).unwrap_or_default()));
        }
        progress.advance(u64::from(end - first), "");
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
    }
    Ok(accuracy)
}
