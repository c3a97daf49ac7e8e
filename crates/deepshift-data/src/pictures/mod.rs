//! Labelled pictures in files, decoded when they are asked for.

mod archive;
mod folders;
mod index;
mod kind;
mod labels;
mod source;

use crate::{Dataset, Error, Part};
pub use archive::{ArchiveIndex, ArchivedClass, ArchivedPicture, index_archive};
use deepshift_core::Preprocessing;
use index::{Entry, Index};
pub use labels::LabelList;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Labelled pictures of any size in files: tar archives, folders named after classes, or a folder of unlabelled pictures.
/// Nothing but their names is held in memory.
#[derive(Debug)]
pub struct PictureFiles {
    index: Index,
    input: PictureInput,
    broken: Mutex<Broken>,
}

/// What a network takes.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureInput {
    /// 3 channels, height, width.
    pub shape: [usize; 3],
    /// How a picture of any size becomes one of that.
    pub preprocessing: Preprocessing,
    /// Pixels of the largest picture that is read; larger ones count as broken. Decoding takes 8 bytes for each.
    pub max_pixels: u64,
}

/// What the labels of pictures follow from.
#[derive(Debug, Clone, Copy)]
pub enum Labelling<'a> {
    /// The order of the names of their folders, as in torchvision's `ImageFolder`; without folders there are no labels.
    Folders,
    /// The order of these folders; others are left out.
    Classes(&'a [String]),
    /// A list, whatever folders the pictures lie in.
    List {
        /// The list.
        labels: &'a LabelList,
        /// The classes in the order of the labels.
        classes: &'a [String],
    },
}

/// Pictures that could not be read so far.
#[derive(Debug, Default)]
struct Broken {
    indices: BTreeSet<u32>,
    /// Of the first so many.
    reasons: BTreeMap<u32, String>,
}

impl PictureFiles {
    /// Finds the pictures in `folder`: in its sub-folders, at any depth, one for each class. Where these hold no pictures,
    /// they are those in its tar archives (see [`index_archive`] for their classes) or those in itself, whichever are more; the
    /// latter are all of label 0 and without classes. Hidden files are none, nor is what has neither the extension nor the
    /// first bytes of a picture. [`notes`](Self::notes) say what was left out.
    ///
    /// # Errors
    /// [`Error::File`] if a folder or an archive cannot be read, [`Error::Missing`] if there is no picture,
    /// [`Error::Settings`] if there are too many, the input is not one of color pictures or labels cannot be told.
    pub fn open(folder: &Path, labelling: Labelling, input: PictureInput) -> Result<Self, Error> {
        Self::open_part(folder, None, labelling, input)
    }

    /// The same; of archives that hold folders of both parts the pictures of one.
    pub(crate) fn open_part(
        folder: &Path,
        part: Option<Part>,
        labelling: Labelling,
        input: PictureInput,
    ) -> Result<Self, Error> {
        input.check()?;
        Ok(Self { index: Index::of(folder, part, labelling)?, input, broken: Mutex::default() })
    }

    /// What lies beside the pictures and was left out on purpose: a sentence for each kind.
    pub fn notes(&self) -> &[String] {
        &self.index.notes
    }

    /// Classes of which there is no picture.
    pub fn empty_classes(&self) -> Vec<&str> {
        let mut seen = vec![false; self.index.classes.len()];
        for entry in &self.index.entries {
            if let Some(seen) = seen.get_mut(usize::from(entry.label)) {
                *seen = true;
            }
        }
        self.index
            .classes
            .iter()
            .zip(seen)
            .filter(|(_, seen)| !seen)
            .map(|(class, _)| class.as_str())
            .collect()
    }

    /// The tar archives in a folder, in the order of their names.
    pub(crate) fn archives(folder: &Path) -> Result<Vec<PathBuf>, Error> {
        index::archives(folder)
    }

    /// Whether a folder holds nothing but the folder of this part.
    pub(crate) fn has_only(folder: &Path, part: Part) -> bool {
        index::folders(folder).is_ok_and(|folders| {
            let named = |name: &OsString| name.to_str().and_then(Part::of_folder) == Some(part);
            !folders.is_empty() && folders.iter().all(named)
        })
    }

    /// Finds the pictures in tar archives: those of one part, where they hold folders of both.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_archives(
        archives: Vec<PathBuf>,
        part: Part,
        labelling: Labelling,
        input: PictureInput,
    ) -> Result<Self, Error> {
        input.check()?;
        Ok(Self { index: Index::of_part(archives, part, labelling)?, input, broken: Mutex::default() })
    }

    /// Number of pictures.
    pub fn len(&self) -> u32 {
        self.index.entries.len() as u32
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.index.entries.is_empty()
    }

    /// Class names in the order of the labels; none where pictures have no labels.
    pub fn classes(&self) -> &[String] {
        &self.index.classes
    }

    /// The label of a picture; none beyond the last picture.
    pub fn label(&self, index: u32) -> Option<u16> {
        self.index.entries.get(index as usize).map(|entry| entry.label)
    }

    /// Reads the pictures at `indices` into memory, in that order, on all cores. `progress` is told how many are done; it
    /// is called by whoever is at work. Pictures that cannot be read are left out and named by [`Dataset::skipped`].
    ///
    /// # Errors
    /// [`Error::Unreadable`] if no picture can be read, [`Error::Settings`] if they do not fit into memory.
    pub fn read(&self, indices: &[u32], progress: impl Fn(usize) + Sync) -> Result<Dataset, Error> {
        let each: usize = self.input.shape.iter().product();
        let mut images = zeros(each, indices.len())?;
        let done = AtomicUsize::new(0);
        let outcomes: Vec<Result<u16, String>> = (images.par_chunks_exact_mut(each), indices)
            .into_par_iter()
            .map(|(image, &index)| {
                let outcome = self.load(index, None).map(|bytes| image.copy_from_slice(&bytes));
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                outcome.map(|()| self.label(index).unwrap_or_default())
            })
            .collect();
        let mut labels = Vec::with_capacity(outcomes.len());
        let mut skipped = self.index.skipped.clone();
        for (place, (outcome, &index)) in outcomes.into_iter().zip(indices).enumerate() {
            match outcome {
                Ok(label) => {
                    images.copy_within(place * each..(place + 1) * each, labels.len() * each);
                    labels.push(label);
                }
                Err(reason) => skipped.add(self.name(index), reason),
            }
        }
        images.truncate(labels.len() * each);
        if labels.is_empty() {
            return Err(skipped.error(indices.len()));
        }
        let PictureInput { shape, preprocessing, .. } = self.input.clone();
        let classes = self.classes().to_vec();
        Ok(Dataset { skipped, ..Dataset::from_parts(images, labels, shape, classes, preprocessing) })
    }

    fn entry(&self, index: u32) -> Result<&Entry, String> {
        self.index.entries.get(index as usize).ok_or_else(|| format!("there is no picture {index}"))
    }

    fn name(&self, index: u32) -> String {
        self.entry(index).map_or_else(|error| error, |entry| self.index.name(entry))
    }

    fn broken(&self) -> std::sync::MutexGuard<'_, Broken> {
        // Nothing panics while it is held, and half a change would do no harm.
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PictureInput {
    fn check(&self) -> Result<(), Error> {
        let Self { shape, preprocessing, .. } = self;
        if shape[0] != 3
            || shape.contains(&0)
            || preprocessing.mean.len() != 3
            || preprocessing.std.len() != 3
        {
            return Err(Error::Settings(format!("color pictures do not fit an input of shape {shape:?}")));
        }
        Ok(())
    }
}

/// Room for so many pictures.
fn zeros(each: usize, pictures: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let length = each.checked_mul(pictures);
    if length.is_none_or(|length| bytes.try_reserve_exact(length).is_err()) {
        return Err(Error::Settings(format!("{pictures} pictures of {each} bytes do not fit into memory")));
    }
    bytes.resize(each * pictures, 0);
    Ok(bytes)
}

#[cfg(test)]
mod tests;
