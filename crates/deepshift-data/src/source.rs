//! What training and evaluation need of a data set, wherever it keeps its pictures.

use crate::augment::Draws;
use crate::{Dataset, Skipped};
use deepshift_core::Preprocessing;
use std::borrow::Cow;

/// Labelled pictures, in memory or in files.
pub trait Source: Send + Sync {
    /// Number of pictures.
    fn len(&self) -> u32;

    /// Whether there are no pictures.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Channels, height and width of what [`picture`](Self::picture) gives.
    fn shape(&self) -> [usize; 3];

    /// Class names in the order of the labels.
    fn classes(&self) -> &[String];

    /// How the pictures are normalized.
    fn preprocessing(&self) -> &Preprocessing;

    /// The label of a picture below [`len`](Self::len).
    fn label(&self, index: u32) -> u16;

    /// The bytes `[channels, height, width]` of a picture, augmented where there are draws; what is wrong with it where
    /// it cannot be read.
    fn picture(&self, index: u32, draws: Option<&mut Draws>) -> Result<Cow<'_, [u8]>, String>;

    /// What could not be read so far.
    fn skipped(&self) -> Skipped;
}

impl Source for Dataset {
    fn len(&self) -> u32 {
        self.len()
    }

    fn shape(&self) -> [usize; 3] {
        self.shape()
    }

    fn classes(&self) -> &[String] {
        self.classes()
    }

    fn preprocessing(&self) -> &Preprocessing {
        self.preprocessing()
    }

    fn label(&self, index: u32) -> u16 {
        self.label(index).unwrap_or_default()
    }

    fn picture(&self, index: u32, draws: Option<&mut Draws>) -> Result<Cow<'_, [u8]>, String> {
        let image = self.image(index).ok_or_else(|| format!("there is no picture {index}"))?;
        Ok(match draws {
            Some(draws) => draws.apply(image, self.shape()),
            None => image.into(),
        })
    }

    fn skipped(&self) -> Skipped {
        self.skipped().clone()
    }
}
