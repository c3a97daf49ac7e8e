//! Pictures from folders, as the network takes them.

use crate::dataset::{check_classes, tell_skipped};
use crate::progress::Progress;
use crate::{Error, Result, text};
use deepshift_core::Model;
use deepshift_train::data::{Dataset, PictureFiles, PictureInput, imagenet};
use deepshift_train::spread;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// All pictures of a folder with one sub-folder for each of the network's classes.
pub fn read_labelled(folder: &Path, classes: Option<&Path>, model: &Model) -> Result<Dataset> {
    let classes = classes.map(imagenet::read_classes).transpose().map_err(Error::input)?;
    let pictures = read(folder, classes.as_deref(), model, u32::MAX)?;
    check_classes(&folder.display().to_string(), pictures.classes().len(), model)?;
    Ok(pictures)
}

/// At most so many of a folder's pictures, evenly spread.
pub fn read(folder: &Path, classes: Option<&[String]>, model: &Model, most: u32) -> Result<Dataset> {
    let files = PictureFiles::open(folder, classes, input(model)?).map_err(Error::input)?;
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

fn input(model: &Model) -> Result<PictureInput> {
    match (model.graph.input_shape(), &model.preprocessing) {
        (&[channels, height, width], Some(preprocessing)) => {
            Ok(PictureInput { shape: [channels, height, width], preprocessing: preprocessing.clone() })
        }
        (shape, None) => Err(Error::input(format!(
            "the file does not say how pictures become its input of shape {}",
            text::shape(shape)
        ))),
        (shape, _) => {
            Err(Error::input(format!("a network of input {} takes no pictures", text::shape(shape))))
        }
    }
}
