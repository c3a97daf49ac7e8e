//! The order of one epoch's pictures.

use std::num::NonZeroUsize;

use rand_chacha::ChaCha8Rng;

use crate::random::{below, generator};

/// Keeps these random numbers apart from others drawn from the same seed.
const PURPOSE: &[u8; 16] = b"order of picture";

/// The pictures of one epoch in the order they are shown, cut into batches.
///
/// It is a pure function of its arguments, so a training resumes anywhere from the seed, the epoch and the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    order: Vec<u32>,
    batch_size: NonZeroUsize,
}

impl Epoch {
    /// All of `pictures` pictures, shuffled for this `epoch` of a training with this `seed`.
    pub fn shuffled(pictures: u32, batch_size: NonZeroUsize, seed: u64, epoch: u32) -> Self {
        let mut order: Vec<u32> = (0..pictures).collect();
        shuffle(&mut order, &mut generator(PURPOSE, seed, epoch, 0));
        Self { order, batch_size }
    }

    /// All of `pictures` pictures as they come, for an evaluation.
    pub fn in_order(pictures: u32, batch_size: NonZeroUsize) -> Self {
        Self { order: (0..pictures).collect(), batch_size }
    }

    /// The picture indices in the order they are shown.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Number of batches; the last one may be smaller.
    pub fn batch_count(&self) -> usize {
        self.order.len().div_ceil(self.batch_size.get())
    }

    /// Where in the order a batch begins.
    pub(crate) fn start(&self, batch: usize) -> usize {
        batch.saturating_mul(self.batch_size.get()).min(self.order.len())
    }

    /// The picture indices of each batch, from batch `first` on (counted from 0).
    pub fn batches_from(&self, first: usize) -> impl ExactSizeIterator<Item = &[u32]> {
        self.order.chunks(self.batch_size.get()).skip(first)
    }
}

/// Fisher and Yates's shuffle: every order is equally likely.
fn shuffle(order: &mut [u32], generator: &mut ChaCha8Rng) {
    for last in (1..order.len()).rev() {
        // Orders hold u32 indices, so their positions fit.
        order.swap(last, below(last as u32 + 1, generator) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(batch_size: usize) -> NonZeroUsize {
        NonZeroUsize::new(batch_size).unwrap()
    }

    #[test]
    fn every_picture_comes_once() {
        for pictures in [0, 1, 2, 1000] {
            let mut order = Epoch::shuffled(pictures, size(7), 5, 3).order;
            order.sort_unstable();
            assert_eq!(order, (0..pictures).collect::<Vec<_>>());
        }
    }

    #[test]
    fn seed_and_epoch_decide_the_order() {
        let epoch = Epoch::shuffled(100, size(7), 5, 3);
        assert_eq!(epoch, Epoch::shuffled(100, size(7), 5, 3));
        assert_ne!(epoch, Epoch::shuffled(100, size(7), 5, 4));
        assert_ne!(epoch, Epoch::shuffled(100, size(7), 6, 3));
        assert_eq!(epoch.order, Epoch::shuffled(100, size(64), 5, 3).order);
    }

    /// A checkpoint of an older version must find its order again. The numbers come from a second implementation, of
    /// ChaCha too.
    #[test]
    fn the_order_never_changes_between_versions() {
        assert_eq!(Epoch::shuffled(10, size(10), 1, 0).order, [4, 8, 7, 6, 3, 9, 2, 1, 5, 0]);
        assert_eq!(Epoch::shuffled(10, size(10), u64::MAX, 9).order, [4, 6, 9, 0, 7, 8, 3, 1, 2, 5]);
    }

    #[test]
    fn orders_are_equally_likely() {
        let mut seen = std::collections::HashMap::new();
        for epoch in 0..6000 {
            *seen.entry(Epoch::shuffled(3, size(3), 42, epoch).order).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 6);
        // Five standard deviations of a fair count.
        assert!(seen.values().all(|&count: &i32| (count - 1000).abs() < 145), "{seen:?}");
    }

    #[test]
    fn the_last_batch_is_kept_though_smaller() {
        let epoch = Epoch::in_order(7, size(3));
        let batches: Vec<_> = epoch.batches_from(0).collect();
        assert_eq!(batches, [&[0, 1, 2][..], &[3, 4, 5], &[6]]);
        assert_eq!(epoch.batch_count(), 3);
        assert_eq!(Epoch::in_order(6, size(3)).batch_count(), 2);
        assert_eq!(Epoch::in_order(0, size(3)).batch_count(), 0);
    }

    #[test]
    fn a_resumed_epoch_goes_on_where_it_stopped() {
        let epoch = Epoch::shuffled(50, size(8), 1, 1);
        for first in 0..9 {
            let rest: Vec<_> = epoch.batches_from(first).collect();
            assert_eq!(rest, epoch.batches_from(0).collect::<Vec<_>>()[first.min(7)..]);
            assert_eq!(epoch.batches_from(first).len(), rest.len());
        }
    }
}
