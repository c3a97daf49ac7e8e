//! Labelled pictures in memory.

use crate::{Batch, Malformed, Skipped};
use deepshift_core::Preprocessing;

/// Which half of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What the network learns from.
    Train,
    /// What it is judged by.
    Test,
}

impl Part {
    /// What its folder is called, the usual name first.
    pub(crate) fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Train => &["train"],
            Self::Test => &["val", "validation", "valid", "test"],
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Train => Self::Test,
            Self::Test => Self::Train,
        }
    }

    /// The part whose folder is called so.
    pub(crate) fn of_folder(name: &str) -> Option<Self> {
        [Self::Train, Self::Test].into_iter().find(|part| part.folders().contains(&name))
    }
}

/// Pictures of one size with their labels, as the files hold them.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// One picture after another, each in the order channel, row, column.
    pub(crate) images: Vec<u8>,
    /// One label a picture, each below the number of classes.
    pub(crate) labels: Vec<u16>,
    /// Channels, height, width.
    pub(crate) shape: [usize; 3],
    /// Class names in the order of the labels.
    pub(crate) classes: Vec<String>,
    /// One entry a channel.
    pub(crate) preprocessing: Preprocessing,
    /// What was left out in reading it.
    pub(crate) skipped: Skipped,
}

impl Dataset {
    /// Pictures of bytes with their labels.
    ///
    /// # Errors
    /// [`Malformed`] where sizes do not fit each other or a label has no class; the offset counts pictures.
    pub fn new(
        images: Vec<u8>,
        labels: Vec<u16>,
        shape: [usize; 3],
        classes: Vec<String>,
        preprocessing: Preprocessing,
    ) -> Result<Self, Malformed> {
        let each = shape.iter().product::<usize>();
        if each == 0 || each.checked_mul(labels.len()) != Some(images.len()) {
            let problem = format!("{} bytes are not {} pictures of {shape:?}", images.len(), labels.len());
            return Err(Malformed::new(0, problem));
        }
        if let Some(index) = labels.iter().position(|&label| usize::from(label) >= classes.len()) {
            return Err(Malformed::new(index, format!("label {} has no class", labels[index])));
        }
        if preprocessing.mean.len() != shape[0] || preprocessing.std.len() != shape[0] {
            return Err(Malformed::new(0, "the preprocessing has another number of channels"));
        }
        Ok(Self::from_parts(images, labels, shape, classes, preprocessing))
    }

    /// Pictures whose sizes and labels were checked by the one who read them.
    pub(crate) fn from_parts(
        images: Vec<u8>,
        labels: Vec<u16>,
        shape: [usize; 3],
        classes: Vec<String>,
        preprocessing: Preprocessing,
    ) -> Self {
        Self { images, labels, shape, classes, preprocessing, skipped: Skipped::default() }
    }

    /// Number of pictures.
    pub fn len(&self) -> u32 {
        // The loaders read far less than 2^32 bytes.
        self.labels.len() as u32
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Channels, height and width of every picture.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Class names in the order of the labels.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// How the pictures are normalized.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// What was left out in reading the files.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// The bytes of the pictures `start..end`, one after the other; less at the end of the data set.
    pub fn bytes(&self, start: u32, end: u32) -> &[u8] {
        let each: usize = self.shape.iter().product();
        let end = end.min(self.len()) as usize;
        &self.images[(start as usize).min(end) * each..end * each]
    }

    /// The bytes of one picture, in the order channel, row, column; none beyond the last picture.
    pub fn image(&self, index: u32) -> Option<&[u8]> {
        let length = self.shape.iter().product();
        self.images.chunks_exact(length).nth(index as usize)
    }

    /// The label of one picture; none beyond the last picture.
    pub fn label(&self, index: u32) -> Option<u16> {
        self.labels.get(index as usize).copied()
    }

    /// The pictures at `indices`, normalized, in that order. Indices beyond the last picture are left out.
    pub fn batch(&self, indices: &[u32]) -> Batch {
        Batch::of(self, indices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pictures of two channels, one row and two columns; byte values count up from 0.
    fn dataset() -> Dataset {
        Dataset {
            images: (0..12).collect(),
            labels: vec![1, 0, 1],
            shape: [2, 1, 2],
            classes: vec!["cat".into(), "dog".into()],
            preprocessing: Preprocessing::new(vec![0.0, 0.5], vec![1.0, 0.25]),
            skipped: Skipped::default(),
        }
    }

    #[test]
    fn pictures_are_slices_in_file_order() {
        let dataset = dataset();
        assert_eq!(dataset.len(), 3);
        assert_eq!(dataset.image(1), Some(&[4, 5, 6, 7][..]));
        assert_eq!((dataset.label(1), dataset.label(2)), (Some(0), Some(1)));
        assert_eq!((dataset.image(3), dataset.label(3)), (None, None));
    }

    #[test]
    fn a_batch_is_normalized_by_channel_in_the_order_asked_for() {
        let batch = dataset().batch(&[2, 0]);
        assert_eq!(batch.shape, [2, 2, 1, 2]);
        assert_eq!(batch.labels, [1, 1]);
        let first = |byte: f32| byte / 255.0;
        let second = |byte: f32| (byte / 255.0 - 0.5) / 0.25;
        let expected = [
            first(8.0),
            first(9.0),
            second(10.0),
            second(11.0),
            first(0.0),
            first(1.0),
            second(2.0),
            second(3.0),
        ];
        assert_eq!(batch.images, expected);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let new = |images: usize, labels: Vec<u16>, shape: [usize; 3]| {
            let preprocessing = Preprocessing::new(vec![0.0; shape[0]], vec![1.0; shape[0]]);
            Dataset::new(vec![0; images], labels, shape, vec!["cat".into()], preprocessing)
        };
        assert!(new(8, vec![0, 0], [1, 2, 2]).is_ok());
        assert!(new(7, vec![0, 0], [1, 2, 2]).is_err());
        assert!(new(0, vec![0, 0], [1, 0, 2]).is_err());
        assert_eq!(new(8, vec![0, 1], [1, 2, 2]).unwrap_err().offset, 1);
    }

    #[test]
    fn pictures_that_are_not_there_are_left_out() {
        assert_eq!(dataset().batch(&[9, 1]), dataset().batch(&[1]));
        assert_eq!(dataset().batch(&[]).shape, [0, 2, 1, 2]);
    }
}
