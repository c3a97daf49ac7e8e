//! The batches of one epoch of training.

use crate::augment::{self, Draws, Moment};
use crate::batch::Builder;
use crate::{Augmentation, Batch, Epoch, Error, Source};
use std::num::NonZeroUsize;

/// Everything that decides what an epoch of training sees of a data set: any of its batches can be made at any time, by
/// any thread, to the same bits.
#[derive(Debug, Clone)]
pub struct TrainingEpoch {
    order: Epoch,
    augmentation: Augmentation,
    moment: Moment,
}

impl TrainingEpoch {
    /// Epoch `epoch` of a training with this `seed` over `pictures` pictures, in the order of [`Epoch::shuffled`].
    pub fn new(
        pictures: u32,
        batch_size: NonZeroUsize,
        seed: u64,
        epoch: u32,
        augmentation: Augmentation,
    ) -> Self {
        let order = Epoch::shuffled(pictures, batch_size, seed, epoch);
        Self { order, augmentation, moment: Moment { seed, epoch } }
    }

    /// Number of batches.
    pub fn batch_count(&self) -> usize {
        self.order.batch_count()
    }

    /// Batch `number`, counted from 0; an empty one beyond the last. In place of a picture that cannot be read comes the
    /// next one in the epoch's order that can.
    ///
    /// # Errors
    /// [`Error::Unreadable`] if there is none.
    pub fn batch(&self, source: &dyn Source, number: usize) -> Result<Batch, Error> {
        let indices = self.order.batches_from(number).next().unwrap_or_default();
        let mut builder = Builder::new(source, indices.len());
        for (&index, place) in indices.iter().zip(self.order.start(number)..) {
            let mut draws = Draws::new(self.augmentation, self.moment, index);
            if let Err(reason) = builder.add(index, Some(&mut draws)) {
                self.replace(&mut builder, place, reason)?;
            }
        }
        let mut batch = builder.finish();
        augment::mix(&mut batch, &self.augmentation, self.moment, number as u32);
        Ok(batch)
    }

    /// Adds the next picture after `place` in the order that can be read.
    fn replace(&self, builder: &mut Builder, place: usize, reason: String) -> Result<(), Error> {
        let order = self.order.order();
        let next = order[place + 1..].iter().chain(&order[..place]);
        for &index in next {
            // The draws are those of the picture that is missing, so that its stand-in differs from where it is itself.
            let mut draws = Draws::new(self.augmentation, self.moment, order[place]);
            if builder.add(index, Some(&mut draws)).is_ok() {
                return Ok(());
            }
        }
        Err(Error::Unreadable { count: order.len(), reason })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Dataset, Skipped};
    use deepshift_core::Preprocessing;
    use std::borrow::Cow;

    /// Pictures of one channel and 4 by 4 pixels, of which each byte is the picture's number; the `broken` ones cannot be
    /// read.
    pub struct Numbered {
        dataset: Dataset,
        broken: Vec<u32>,
    }

    pub fn numbered(pictures: u8, broken: &[u32]) -> Numbered {
        let images = (0..pictures).flat_map(|number| [number; 16]).collect();
        let labels = (0..u16::from(pictures)).collect();
        let classes = (0..pictures).map(|class| class.to_string()).collect();
        let preprocessing = Preprocessing::new(vec![0.0], vec![1.0 / 255.0]);
        let dataset = Dataset::new(images, labels, [1, 4, 4], classes, preprocessing).unwrap();
        Numbered { dataset, broken: broken.to_vec() }
    }

    impl Source for Numbered {
        fn len(&self) -> u32 {
            self.dataset.len()
        }

        fn shape(&self) -> [usize; 3] {
            self.dataset.shape()
        }

        fn classes(&self) -> &[String] {
            self.dataset.classes()
        }

        fn preprocessing(&self) -> &Preprocessing {
            self.dataset.preprocessing()
        }

        fn label(&self, index: u32) -> u16 {
            Source::label(&self.dataset, index)
        }

        fn picture(&self, index: u32, draws: Option<&mut Draws>) -> Result<Cow<'_, [u8]>, String> {
            if self.broken.contains(&index) {
                return Err(format!("{index} is broken"));
            }
            self.dataset.picture(index, draws)
        }

        fn skipped(&self) -> Skipped {
            Skipped::default()
        }
    }

    pub fn everything() -> Augmentation {
        Augmentation { resized_crop: true, pad_and_crop: 2, flip: true, mixup: 0.4, cutmix: 1.0 }
    }

    pub fn epoch(pictures: u32, augmentation: Augmentation) -> TrainingEpoch {
        TrainingEpoch::new(pictures, NonZeroUsize::new(8).unwrap(), 5, 3, augmentation)
    }

    fn labels(epoch: &TrainingEpoch, source: &Numbered) -> Vec<i32> {
        (0..epoch.batch_count()).flat_map(|number| epoch.batch(source, number).unwrap().labels).collect()
    }

    #[test]
    fn pictures_come_in_the_epochs_order() {
        let (source, epoch) = (numbered(20, &[]), epoch(20, Augmentation::default()));
        let order: Vec<i32> = epoch.order.order().iter().map(|&index| index as i32).collect();
        assert_eq!(labels(&epoch, &source), order);
        let batch = epoch.batch(&source, 2).unwrap();
        assert_eq!((batch.shape, batch.mix), ([4, 1, 4, 4], None));
        assert_eq!(batch.images[16..32], [order[17] as f32; 16]);
        assert_eq!(epoch.batch(&source, 3).unwrap().shape, [0, 1, 4, 4]);
    }

    #[test]
    fn any_batch_can_be_made_again() {
        let (source, epoch) = (numbered(20, &[]), epoch(20, everything()));
        let first: Vec<_> = (0..3).map(|number| epoch.batch(&source, number).unwrap()).collect();
        let again: Vec<_> = (0..3).rev().map(|number| epoch.batch(&source, number).unwrap()).collect();
        assert!(first.iter().eq(again.iter().rev()));
        assert!(first.iter().all(|batch| batch.mix.is_some()));
    }

    #[test]
    fn the_next_picture_stands_in_for_a_broken_one() {
        let epoch = epoch(20, Augmentation::default());
        let order = epoch.order.order().to_vec();
        // The last two and one in the middle.
        let source = numbered(20, &[order[5], order[18], order[19]]);
        let mut expected = order.clone();
        (expected[5], expected[18], expected[19]) = (order[6], order[0], order[0]);
        assert!(
            labels(&epoch, &source).iter().eq(expected
                .iter()
                .map(|&index| index as i32)
                .collect::<Vec<_>>()
                .iter())
        );
    }

    #[test]
    fn without_any_picture_there_is_an_error() {
        let (source, epoch) = (numbered(3, &[0, 1, 2]), epoch(3, everything()));
        let message = epoch.batch(&source, 0).unwrap_err().to_string();
        assert!(message.starts_with("not one of 3 pictures can be read: "), "{message}");
    }
}
