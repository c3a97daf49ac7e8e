//! Pictures as training and evaluation take them from files.

use super::PictureFiles;
use crate::augment::{Draws, Region};
use crate::decode::{decode, longest};
use crate::resize::resize;
use crate::{Skipped, Source};
use deepshift_core::Preprocessing;
use image::RgbImage;
use std::borrow::Cow;

/// How many broken pictures have their reasons kept.
const REASONS: usize = 100;

impl PictureFiles {
    /// The bytes `[3, height, width]` of a picture, augmented where there are draws.
    pub(super) fn load(&self, index: u32, draws: Option<&mut Draws>) -> Result<Vec<u8>, String> {
        if self.broken().indices.contains(&index) {
            return Err("it could not be read before".into());
        }
        let max_pixels = self.input.max_pixels;
        let outcome = self.entry(index).and_then(|entry| self.index.bytes(entry, longest(max_pixels)));
        let outcome = outcome.and_then(|bytes| self.fit(&decode(&bytes, max_pixels)?.into_rgb8(), draws));
        if let Err(reason) = &outcome {
            let mut broken = self.broken();
            broken.indices.insert(index);
            if broken.reasons.len() < REASONS {
                broken.reasons.insert(index, reason.clone());
            }
        }
        outcome
    }

    fn fit(&self, picture: &RgbImage, draws: Option<&mut Draws>) -> Result<Vec<u8>, String> {
        let shape = self.input.shape;
        let size = [picture.height() as usize, picture.width() as usize];
        let Some(draws) = draws else { return self.resized(picture, size) };
        let bytes = match draws.region(size) {
            Some(region) => {
                let axes = region.axes([shape[1], shape[2]], self.input.preprocessing.interpolation);
                resize(picture, region, &axes[0], &axes[1])
            }
            None => self.resized(picture, size)?,
        };
        Ok(draws.apply_rest(bytes.into(), shape).into_owned())
    }

    /// Resized and cropped as for an evaluation.
    fn resized(&self, picture: &RgbImage, size: [usize; 2]) -> Result<Vec<u8>, String> {
        let axes = self.input.preprocessing.axes(size, &self.input.shape);
        let [vertical, horizontal] = axes.map_err(|error| error.to_string())?;
        Ok(resize(picture, Region::whole(size), &vertical, &horizontal))
    }
}

impl Source for PictureFiles {
    fn len(&self) -> u32 {
        self.len()
    }

    fn shape(&self) -> [usize; 3] {
        self.input.shape
    }

    fn classes(&self) -> &[String] {
        self.classes()
    }

    fn preprocessing(&self) -> &Preprocessing {
        &self.input.preprocessing
    }

    fn label(&self, index: u32) -> u16 {
        self.label(index).unwrap_or_default()
    }

    fn picture(&self, index: u32, draws: Option<&mut Draws>) -> Result<Cow<'_, [u8]>, String> {
        self.load(index, draws).map(Cow::Owned)
    }

    fn skipped(&self) -> Skipped {
        let broken = self.broken();
        let mut skipped = self.index.skipped.clone();
        broken.reasons.iter().for_each(|(&index, reason)| skipped.add(self.name(index), reason));
        skipped.count = self.index.skipped.count + broken.indices.len();
        skipped
    }
}
