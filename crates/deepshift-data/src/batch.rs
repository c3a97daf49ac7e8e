//! Pictures on their way to the device.

use crate::Source;
use crate::augment::Draws;
use deepshift_core::Preprocessing;

/// Normalized pictures and their labels, ready to become tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// `shape` values, row-major.
    pub images: Vec<f32>,
    /// One label a picture.
    pub labels: Vec<i32>,
    /// Pictures, channels, height, width.
    pub shape: [usize; 4],
    /// What else is in each picture, where pictures were mixed: the loss is then, picture by picture,
    /// `share * loss(labels) + (1 - share) * loss(second)`.
    pub mix: Option<Mix>,
}

/// The second half of mixed pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// A second label for each picture.
    pub second: Vec<i32>,
    /// How much of each picture belongs to its first label, 0 to 1.
    pub share: Vec<f32>,
}

impl Batch {
    /// The pictures at `indices` for an evaluation, in that order. What cannot be read is left out.
    pub fn of(source: &dyn Source, indices: &[u32]) -> Self {
        let mut builder = Builder::new(source, indices.len());
        for &index in indices.iter().filter(|&&index| index < source.len()) {
            builder.add(index, None).ok();
        }
        builder.finish()
    }
}

/// A batch that grows picture by picture.
pub(crate) struct Builder<'a> {
    source: &'a dyn Source,
    tables: Vec<[f32; 256]>,
    images: Vec<f32>,
    labels: Vec<i32>,
}

impl<'a> Builder<'a> {
    pub fn new(source: &'a dyn Source, pictures: usize) -> Self {
        let each = source.shape().iter().product::<usize>();
        Self {
            source,
            tables: tables(source.preprocessing()),
            images: Vec::with_capacity(pictures * each),
            labels: Vec::with_capacity(pictures),
        }
    }

    /// One picture more, or what is wrong with it.
    pub fn add(&mut self, index: u32, draws: Option<&mut Draws>) -> Result<(), String> {
        let [_, height, width] = self.source.shape();
        let image = self.source.picture(index, draws)?;
        for (plane, table) in image.chunks_exact(height * width).zip(&self.tables) {
            self.images.extend(plane.iter().map(|&byte| table[usize::from(byte)]));
        }
        self.labels.push(i32::from(self.source.label(index)));
        Ok(())
    }

    pub fn finish(self) -> Batch {
        let [channels, height, width] = self.source.shape();
        let shape = [self.labels.len(), channels, height, width];
        Batch { images: self.images, labels: self.labels, shape, mix: None }
    }
}

/// What each byte becomes, for each channel.
fn tables(preprocessing: &Preprocessing) -> Vec<[f32; 256]> {
    let channels = 0..preprocessing.mean.len();
    channels.map(|channel| std::array::from_fn(|byte| preprocessing.value(channel, byte as u8))).collect()
}
