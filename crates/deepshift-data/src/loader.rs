//! Batches made by threads of their own, ahead of the device.

use crate::{Batch, Epoch, Error, Source, TrainingEpoch};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

/// Finished batches that wait for the device, for each thread.
const AHEAD: usize = 1;

type Make = dyn Fn(usize) -> Result<Batch, Error> + Send + Sync;

/// The batches of an epoch in their order, made ahead by threads. At most two batches a thread are held in memory. How
/// many threads there are changes no bit; with none, as in a browser, a batch is made when it is asked for. An error is
/// the last thing it gives.
pub struct Loader {
    make: Arc<Make>,
    numbers: Range<usize>,
    /// Thread `k` of `n` makes the batches `k`, `n + k`, and so on; so batches come round and round.
    lanes: Vec<Lane>,
    next_lane: usize,
}

struct Lane {
    batches: Receiver<Result<Batch, Error>>,
    thread: JoinHandle<()>,
}

impl Loader {
    /// The batches of an epoch of training from batch `first` on (counted from 0).
    pub fn training(source: Arc<dyn Source>, epoch: TrainingEpoch, first: usize, threads: usize) -> Self {
        let numbers = first..epoch.batch_count();
        Self::new(numbers, threads, Arc::new(move |number| epoch.batch(&*source, number)))
    }

    /// All pictures as they come, unchanged, for an evaluation. What cannot be read is left out, so batches may be
    /// smaller than asked for, and empty.
    pub fn evaluation(source: Arc<dyn Source>, batch_size: NonZeroUsize, threads: usize) -> Self {
        let order = Epoch::in_order(source.len(), batch_size);
        let numbers = 0..order.batch_count();
        let make = move |number| {
            let indices = order.batches_from(number).next().unwrap_or_default();
            Ok(Batch::of(&*source, indices))
        };
        Self::new(numbers, threads, Arc::new(make))
    }

    fn new(numbers: Range<usize>, threads: usize, make: Arc<Make>) -> Self {
        let threads = threads.min(numbers.len());
        let lanes = (0..threads).map(|lane| {
            let numbers = numbers.clone().skip(lane).step_by(threads);
            Lane::start(numbers, Arc::clone(&make))
        });
        // Where there are no threads the batches are made without them.
        let lanes = lanes.collect::<std::io::Result<_>>().unwrap_or_default();
        Self { make, numbers, lanes, next_lane: 0 }
    }

    fn batch(&mut self, number: usize) -> Result<Batch, Error> {
        let Some(lane) = self.lanes.get(self.next_lane) else { return (self.make)(number) };
        self.next_lane = (self.next_lane + 1) % self.lanes.len();
        // A thread that ended early met a panic; here it comes to light.
        lane.batches.recv().unwrap_or_else(|_| (self.make)(number))
    }
}

impl Lane {
    fn start(
        numbers: impl Iterator<Item = usize> + Send + 'static,
        make: Arc<Make>,
    ) -> std::io::Result<Self> {
        let (sender, batches) = sync_channel(AHEAD);
        let thread = thread::Builder::new().name("loader".into()).spawn(move || {
            for number in numbers {
                let batch = make(number);
                let is_last = batch.is_err();
                // Nobody listens any more once the loader is dropped.
                if sender.send(batch).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(Self { batches, thread })
    }
}

impl Iterator for Loader {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.numbers.next()?;
        let batch = self.batch(number);
        if batch.is_err() {
            self.numbers = 0..0;
        }
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.numbers.size_hint()
    }
}

impl ExactSizeIterator for Loader {}

impl Drop for Loader {
    /// Waits for the threads, which are done with the batch that they are at.
    fn drop(&mut self) {
        let threads: Vec<_> = self.lanes.drain(..).map(|lane| lane.thread).collect();
        for thread in threads {
            // A panic was already shown by the thread.
            thread.join().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Augmentation;
    use crate::training::tests::{epoch, everything, numbered};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn threads_change_no_bit() {
        let batches = |threads, first| -> Vec<Batch> {
            Loader::training(Arc::new(numbered(100, &[3, 4])), epoch(100, everything()), first, threads)
                .map(Result::unwrap)
                .collect()
        };
        let expected = batches(0, 0);
        assert_eq!(expected.len(), 13);
        for threads in [1, 2, 3, 50] {
            assert_eq!(batches(threads, 0), expected);
            assert_eq!(batches(threads, 5), expected[5..]);
        }
        assert!(batches(2, 13).is_empty() && batches(2, 99).is_empty());
    }

    #[test]
    fn it_knows_how_many_are_left() {
        let mut loader = Loader::training(Arc::new(numbered(20, &[])), epoch(20, everything()), 1, 2);
        assert_eq!(loader.len(), 2);
        loader.next();
        assert_eq!(loader.len(), 1);
    }

    #[test]
    fn an_evaluation_leaves_out_what_is_broken() {
        for threads in [0, 2] {
            let source = Arc::new(numbered(10, &[1, 6, 7, 8]));
            let loader = Loader::evaluation(source, NonZeroUsize::new(3).unwrap(), threads);
            let labels: Vec<_> = loader.map(|batch| batch.unwrap().labels).collect();
            assert_eq!(labels, [vec![0, 2], vec![3, 4, 5], vec![], vec![9]]);
        }
    }

    #[test]
    fn an_error_is_the_end() {
        for threads in [0, 2] {
            let source = Arc::new(numbered(30, &(0..30).collect::<Vec<_>>()));
            let mut loader = Loader::training(source, epoch(30, Augmentation::default()), 0, threads);
            assert!(matches!(loader.next(), Some(Err(Error::Unreadable { count: 30, .. }))));
            assert!(loader.next().is_none());
        }
    }

    #[test]
    fn threads_stop_ahead_of_the_device_and_when_it_is_done() {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&made);
        let make = move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(Batch { images: Vec::new(), labels: Vec::new(), shape: [0; 4], mix: None })
        };
        let mut loader = Loader::new(0..1000, 2, Arc::new(make));
        loader.next().unwrap().unwrap();
        // One was taken; each thread holds one finished batch and waits with another. However busy the machine, that comes.
        while made.load(Ordering::SeqCst) < 5 {
            thread::yield_now();
        }
        // Threads that would go on have time to.
        thread::sleep(Duration::from_millis(50));
        assert_eq!(made.load(Ordering::SeqCst), 5);
        drop(loader);
        assert_eq!(made.load(Ordering::SeqCst), 5);
    }
}
