//! The pictures that a packed network is tested and calibrated with: the data set follows from its input.

use crate::labels::LimitOptions;
use crate::{Error, Result, output, text};
use deepshift_core::graph::Graph;
use deepshift_core::{Input, Model, Preprocessing};
use deepshift_models::preprocessing;
use deepshift_train::data::{
    Labelling, Part, PictureFiles, PictureInput, Skipped, Source, cifar10, imagenet, mnist,
};
use rayon::prelude::*;
use std::path::Path;

/// How pictures are fed to an architecture where nothing else is said: as its published weights want them, or as the
/// original feeds its data set.
pub fn usual_preprocessing(graph: &Graph) -> Option<Preprocessing> {
    let usual = match graph.input_shape() {
        [1, 28, 28] => Some(mnist::preprocessing()),
        [3, 32, 32] => Some(cifar10::preprocessing()),
        [3, _, _] => Some(imagenet::input().preprocessing),
        _ => None,
    };
    preprocessing(&graph.name).or(usual)
}

/// A data set, and what it is called.
pub struct TestSet {
    pub name: String,
    pub source: Box<dyn Source>,
}

/// What a network of this input shape is fed with.
pub struct Wanted<'a> {
    pub shape: &'a [usize],
    /// Of pictures in files; those of MNIST and CIFAR-10 have their size already.
    pub preprocessing: Option<&'a Preprocessing>,
    pub labelling: Labelling<'a>,
    /// Of pictures in files.
    pub limits: LimitOptions,
}

impl TestSet {
    /// `folder` holds MNIST for inputs of 1x28x28, CIFAR-10 for 3x32x32, and otherwise pictures in folders of classes,
    /// directly or in `train` and `val`.
    pub fn load(folder: &Path, part: Part, wanted: &Wanted) -> Result<Self> {
        let (name, source): (_, Box<dyn Source>) = match *wanted.shape {
            [1, 28, 28] => ("MNIST", Box::new(mnist::load(folder, part)?)),
            [3, 32, 32] => ("CIFAR-10", Box::new(cifar10::load(folder, part)?)),
            [3, height, width] => {
                let files = open_files(folder, part, wanted, [3, height, width])?;
                return Ok(Self { name: folder.display().to_string(), source: Box::new(files) });
            }
            _ => {
                return Err(Error::input(format!(
                    "there is no data set for inputs of shape {}: give your own inputs to `deepshift run`",
                    text::shape(wanted.shape)
                )));
            }
        };
        if !matches!(wanted.labelling, Labelling::Folders) {
            return Err(Error::input(format!(
                "--classes and --labels are for pictures in files of their own: {name} has its labels with it"
            )));
        }
        let part = if part == Part::Train { "training" } else { "test" };
        Ok(Self { name: format!("{name}'s {part} part"), source })
    }

    /// Refuses a network that was trained for something else.
    pub fn check_classes(&self, model: &Model) -> Result<()> {
        check_classes(&self.name, self.source.classes().len(), model)
    }

    /// Says which pictures could not be read.
    pub fn tell_skipped(&self) {
        tell_skipped(&[self.source.skipped()]);
    }

    /// Those of the pictures at `indices` that can be read, for a file with this preprocessing.
    pub fn pictures(&self, indices: &[u32], preprocessing: Option<&Preprocessing>) -> Pictures {
        let pictures: Vec<(u16, Vec<u8>)> = indices
            .par_iter()
            .filter_map(|&index| {
                Some((self.source.label(index), self.source.picture(index, None).ok()?.into_owned()))
            })
            .collect();
        let labels = pictures.iter().map(|(label, _)| *label).collect();
        let bytes: Vec<u8> = pictures.into_iter().flat_map(|(_, bytes)| bytes).collect();
        let [_, height, width] = self.source.shape();
        let values = match preprocessing {
            Some(_) => Vec::new(),
            None => self.source.preprocessing().normalize(&bytes, height * width),
        };
        Pictures { labels, bytes, values }
    }
}

/// Pictures as a network takes them: as bytes, or normalised as the data set usually is where the file says nothing.
pub struct Pictures {
    pub labels: Vec<u16>,
    bytes: Vec<u8>,
    values: Vec<f32>,
}

impl Pictures {
    pub fn input(&self) -> Input<'_> {
        if self.values.is_empty() { Input::Pictures(&self.bytes) } else { Input::Values(&self.values) }
    }
}

/// The pictures of a part, or of the folder itself where it has no parts.
pub fn open_files(folder: &Path, part: Part, wanted: &Wanted, shape: [usize; 3]) -> Result<PictureFiles> {
    let preprocessing = wanted.preprocessing.cloned().unwrap_or_else(|| imagenet::input().preprocessing);
    let input = PictureInput { shape, preprocessing, max_pixels: wanted.limits.max_pixels };
    let files = imagenet::open_part_or_all(folder, part, wanted.labelling, input)?;
    tell_notes(&files);
    Ok(files)
}

/// Says what was left out on purpose.
pub fn tell_notes(files: &PictureFiles) {
    for text in files.notes() {
        output::note(&format!("note: {}", text::one_line(text)));
    }
}

/// How many classes a network tells apart.
pub fn logits(model: &Model) -> Result<usize> {
    Ok(model.graph.shapes()?[model.graph.logits()].iter().product())
}

/// Refuses a network that does not tell so many classes apart.
pub fn check_classes(pictures: &str, classes: usize, model: &Model) -> Result<()> {
    let logits = logits(model)?;
    match classes {
        _ if classes == logits => Ok(()),
        0 => Err(Error::input(format!(
            "{pictures} has no folders of classes, so there are no labels: sort its pictures into <class>/*, or give a \
             list of their labels with --labels FILE"
        ))),
        _ => Err(Error::input(format!(
            "the network tells {logits} classes apart and {pictures} has {classes}: where folders of some classes are \
             missing, --classes FILE names all of them in the order of the logits, one a line; where pictures of all \
             classes lie in one folder, --labels FILE says which they are"
        ))),
    }
}

/// Pictures that cannot be read are named up to this number.
const NAMED: usize = 10;

/// Says which pictures could not be read.
pub fn tell_skipped(parts: &[Skipped]) {
    let count: usize = parts.iter().map(|part| part.count).sum();
    if count > 0 {
        output::note(&format!("note: {count} pictures cannot be read and are left out"));
    }
    for picture in parts.iter().flat_map(|part| &part.named).take(NAMED) {
        output::note(&format!("  {}: {}", text::one_line(&picture.name), text::one_line(&picture.reason)));
    }
}
