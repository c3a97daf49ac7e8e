//! Pictures from folders, as the network takes them.

use crate::dataset::{Wanted, check_classes, logits, open_files, tell_skipped};
use crate::labels::{LabelOptions, LimitOptions};
use crate::progress::Progress;
use crate::{Error, Result, text};
use deepshift_core::{Model, Preprocessing};
use deepshift_train::data::{Dataset, Labelling, Part};
use deepshift_train::spread;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// All pictures of a folder, or of its test part, that is labelled with the network's classes.
pub fn read_labelled(
    folder: &Path,
    options: &LabelOptions,
    model: &Model,
    limits: LimitOptions,
) -> Result<Dataset> {
    let labels = options.read(logits(model)?, &model.classes)?;
    let pictures = read(folder, Part::Test, labels.labelling(), (model, limits), u32::MAX)?;
    check_classes(&folder.display().to_string(), pictures.classes().len(), model)?;
    Ok(pictures)
}

/// At most so many of a folder's pictures, or of its training part's, evenly spread.
pub fn read_unlabelled(folder: &Path, model: &Model, most: u32, limits: LimitOptions) -> Result<Dataset> {
    read(folder, Part::Train, Labelling::Folders, (model, limits), most)
}

fn read(
    folder: &Path,
    part: Part,
    labelling: Labelling,
    (model, limits): (&Model, LimitOptions),
    most: u32,
) -> Result<Dataset> {
    let (shape, preprocessing) = input(model)?;
    let wanted = Wanted { shape: &shape, preprocessing: Some(preprocessing), labelling, limits };
    let files = open_files(folder, part, &wanted, shape)?;
    let indices = spread(most, files.len());
    let progress = Mutex::new(Progress::new("pictures", indices.len() as u64));
    let advance = |_| progress.lock().unwrap_or_else(PoisonError::into_inner).advance(1, "");
    let pictures = files.read(&indices, advance).map_err(Error::input)?;
    drop(progress);
    tell_skipped(&[pictures.skipped().clone()]);
    Ok(pictures)
}

/// All pictures, and each once more as a mirror shows it: twice as much to learn from, at no cost to who gives them.
pub fn with_mirror_images(pictures: &Dataset) -> Vec<u8> {
    let mut bytes = pictures.bytes(0, pictures.len()).to_vec();
    let mirrored: Vec<u8> =
        bytes.chunks_exact(pictures.shape()[2]).flat_map(|row| row.iter().rev().copied()).collect();
    bytes.extend(mirrored);
    bytes
}

fn input(model: &Model) -> Result<([usize; 3], &Preprocessing)> {
    match (model.graph.input_shape(), &model.preprocessing) {
        (&[channels, height, width], Some(preprocessing)) => Ok(([channels, height, width], preprocessing)),
        (shape, None) => Err(Error::input(format!(
            "the file does not say how pictures become its input of shape {}",
            text::shape(shape)
        ))),
        (shape, _) => {
            Err(Error::input(format!("a network of input {} takes no pictures", text::shape(shape))))
        }
    }
}
