//! Pictures on their way to the device.

use crate::Source;
use crate::augment::Draws;
use deepshift_core::Preprocessing;
use std::num::NonZeroUsize;
use std::ops::Range;

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

    /// Consecutive parts that differ by one picture at most; fewer than `parts` where there are fewer pictures.
    ///
    /// Panics where the batch's fields do not fit each other.
    pub fn split(&self, parts: NonZeroUsize) -> Vec<Self> {
        let pictures = self.labels.len();
        let parts = parts.get().min(pictures);
        (0..parts).map(|part| self.part(pictures * part / parts..pictures * (part + 1) / parts)).collect()
    }

    fn part(&self, pictures: Range<usize>) -> Self {
        let [_, channels, height, width] = self.shape;
        let each = channels * height * width;
        Self {
            images: self.images[pictures.start * each..pictures.end * each].to_vec(),
            labels: self.labels[pictures.clone()].to_vec(),
            shape: [pictures.len(), channels, height, width],
            mix: self.mix.as_ref().map(|mix| Mix {
                second: mix.second[pictures.clone()].to_vec(),
                share: mix.share[pictures].to_vec(),
            }),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_equal_as_can_be() {
        let batch = Batch {
            images: (0..10).map(|value| value as f32).collect(),
            labels: vec![0, 1, 2, 3, 4],
            shape: [5, 1, 2, 1],
            mix: Some(Mix { second: vec![5, 6, 7, 8, 9], share: vec![0.0, 0.1, 0.2, 0.3, 0.4] }),
        };
        let split = |parts| batch.split(NonZeroUsize::new(parts).unwrap());
        assert_eq!(split(1).as_slice(), std::slice::from_ref(&batch));
        let parts = split(2);
        assert_eq!(parts[0].labels, [0, 1]);
        let mix = Some(Mix { second: vec![7, 8, 9], share: vec![0.2, 0.3, 0.4] });
        let rest = Batch {
            images: vec![4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
            labels: vec![2, 3, 4],
            shape: [3, 1, 2, 1],
            mix,
        };
        assert_eq!(parts[1], rest);
        assert_eq!(split(8).len(), 5);
    }
}
