//! How often a network is right.

use super::pictures::Labels;
use crate::progress::Progress;
use crate::{Error, Result, interrupt};
use deepshift_core::{Input, Mode, Model, rank};
use deepshift_cpu::{Executor, Options};

/// Pictures between two looks at the clock and at Ctrl-C.
const BATCH: u32 = 50;

/// Pictures whose class came first, and among the first five.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy {
    pictures: u32,
    top1: u32,
    top5: u32,
}

impl Accuracy {
    pub fn of(model: &Model, mode: Mode, labels: &Labels) -> Result<Self> {
        let executor = Executor::new(model, Options { mode, ..Options::default() })?;
        let pictures = &labels.pictures;
        let mut accuracy = Self { pictures: pictures.len(), top1: 0, top5: 0 };
        let mut progress = Progress::new("evaluate", u64::from(pictures.len()));
        for first in (0..pictures.len()).step_by(BATCH as usize) {
            let end = pictures.len().min(first + BATCH);
            let logits = executor.run(Input::Pictures(pictures.bytes(first, end)))?;
            for (index, logits) in (first..end).zip(logits.chunks(pictures.classes().len())) {
                let right = rank(logits, usize::from(pictures.label(index).unwrap_or_default()));
                accuracy.top1 += u32::from(right == 0);
                accuracy.top5 += u32::from(right < 5);
            }
            progress.advance(u64::from(end - first), "");
            if interrupt::requested() {
                return Err(Error::Interrupted);
            }
        }
        Ok(accuracy)
    }

    pub fn pictures(self) -> u32 {
        self.pictures
    }

    pub fn top1_percent(self) -> f64 {
        self.percent(self.top1)
    }

    pub fn top5_percent(self) -> f64 {
        self.percent(self.top5)
    }

    fn percent(self, count: u32) -> f64 {
        100.0 * f64::from(count) / f64::from(self.pictures.max(1))
    }
}
