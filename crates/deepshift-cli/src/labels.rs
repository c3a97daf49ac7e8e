//! Which pictures are read, and what their labels follow from.

use crate::{Error, Result};
use clap::Args;
use deepshift_train::data::{DEFAULT_MAX_PIXELS, LabelList, Labelling, imagenet};
use std::path::PathBuf;

/// Which pictures are read.
#[derive(Args, Clone, Copy, Debug)]
pub struct LimitOptions {
    /// Pixels of the largest picture that is read; larger ones count as broken
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_PIXELS)]
    pub max_pixels: u64,
}

/// How pictures get their labels.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelOptions {
    /// File with the names of the classes' folders in the order of the labels, one a line; pictures of others are left out
    /// [default: all folders, sorted]
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// List of the pictures' labels, where no folders of classes say them: a picture's name and its label on each line, or
    /// ImageNet's official ground truth; in a training for the part that it is tested on
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// File with the names of the classes that numbers in --labels stand for, one a line, where the numbers do not count
    /// --classes from 0: for the official ground truth the folders' names in the order of its ids
    #[arg(long, value_name = "FILE", requires = "labels")]
    label_classes: Option<PathBuf>,
}

/// The same, read.
pub struct Labels {
    classes: Option<Vec<String>>,
    list: Option<(LabelList, Vec<String>)>,
}

impl LabelOptions {
    /// For a network that tells so many classes apart, to which its file may give names.
    pub fn read(&self, logits: usize, names: &[String]) -> Result<Labels> {
        let classes = self.classes()?;
        let Some(path) = &self.labels else { return Ok(Labels { classes, list: None }) };
        let mut list = LabelList::read(path).map_err(Error::input)?;
        if let Some(path) = &self.label_classes {
            list = list.with_numbered(imagenet::read_classes(path).map_err(Error::input)?);
        }
        let named = classes.clone().or_else(|| match list.classes() {
            Some(found) if found.len() < logits && found.iter().all(|class| names.contains(class)) => {
                Some(names.to_vec())
            }
            found => found,
        });
        let named = named.unwrap_or_else(|| (0..logits).map(|label| label.to_string()).collect());
        Ok(Labels { classes, list: Some((list, named)) })
    }

    /// The classes, where they are given.
    pub fn classes(&self) -> Result<Option<Vec<String>>> {
        self.classes.as_deref().map(imagenet::read_classes).transpose().map_err(Error::input)
    }

    /// The same with classes that are known otherwise.
    pub fn read_for(&self, classes: &[String]) -> Result<Labels> {
        let labels = self.read(classes.len(), classes)?;
        let list = labels.list.map(|(list, _)| (list, classes.to_vec()));
        Ok(Labels { classes: Some(classes.to_vec()), list })
    }
}

impl Labels {
    pub fn labelling(&self) -> Labelling<'_> {
        match (&self.list, &self.classes) {
            (Some((labels, classes)), _) => Labelling::List { labels, classes },
            (None, Some(classes)) => Labelling::Classes(classes),
            (None, None) => Labelling::Folders,
        }
    }
}
