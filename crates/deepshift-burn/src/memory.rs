//! Large buffers that are used again.
//!
//! A training step needs the same large tensors as the one before. Fresh ones have to be made zero, and the allocator
//! may give the memory back to the system in between; together that took a sixth of a step.

use std::sync::{Mutex, PoisonError};

use burn::backend::flex::FlexTensor;

/// Smaller buffers, in f32 values, are quickly made.
const SMALLEST: usize = 1 << 14;

/// f32 values that are kept at most.
const LARGEST_TOTAL: usize = 1 << 27;

static SPARE: Mutex<Spare> = Mutex::new(Spare { buffers: Vec::new(), total: 0 });

struct Spare {
    buffers: Vec<Vec<f32>>,
    total: usize,
}

/// A buffer of `length` values, whatever they are.
pub(crate) fn buffer(length: usize) -> Vec<f32> {
    let spare =
        (length >= SMALLEST).then(|| SPARE.lock().unwrap_or_else(PoisonError::into_inner).take(length));
    spare.flatten().unwrap_or_else(|| vec![0.0; length])
}

/// Keeps the memory of a tensor, unless somebody else needs the tensor.
pub(crate) fn reuse(tensor: FlexTensor) {
    let (start, end) = tensor.layout().contiguous_offsets().unwrap_or((1, 0));
    let is_whole = start == 0 && end >= SMALLEST && tensor.bytes().len() == end * size_of::<f32>();
    if !is_whole || !tensor.is_unique() {
        return;
    }
    let (bytes, ..) = tensor.into_data().into_parts();
    if let Ok(buffer) = bytes.try_into_vec::<f32>() {
        SPARE.lock().unwrap_or_else(PoisonError::into_inner).put(buffer);
    }
}

impl Spare {
    fn take(&mut self, length: usize) -> Option<Vec<f32>> {
        // The last one may still be in a cache.
        let index = self.buffers.iter().rposition(|buffer| buffer.len() == length)?;
        self.total -= length;
        Some(self.buffers.remove(index))
    }

    fn put(&mut self, buffer: Vec<f32>) {
        self.total += buffer.len();
        self.buffers.push(buffer);
        while self.total > LARGEST_TOTAL {
            self.total -= self.buffers.remove(0).len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flex::{tensor, values};

    /// A length that no other test uses.
    const LENGTH: usize = SMALLEST + 4321;

    #[test]
    fn memory_comes_back_once_nobody_needs_it() {
        let one = tensor(vec![1.0; LENGTH], &[LENGTH]);
        let other = one.clone();
        reuse(one);
        let fresh = buffer(LENGTH);
        assert_eq!(fresh[0], 0.0);
        let address = values(&other).as_ptr();
        reuse(other);
        let again = buffer(LENGTH);
        assert_eq!((again[0], again.as_ptr()), (1.0, address));
        assert_eq!(buffer(LENGTH)[0], 0.0);
    }

    #[test]
    fn parts_of_tensors_and_too_many_are_not_kept() {
        reuse(tensor(vec![1.0; 2 * LENGTH + 2], &[2, LENGTH + 1]).narrow(0, 1, 1));
        assert!(SPARE.lock().unwrap().take(LENGTH + 1).is_none());
        let mut spare = Spare { buffers: Vec::new(), total: 0 };
        spare.put(vec![1.0; 3]);
        spare.put(vec![0.0; LARGEST_TOTAL]);
        assert!(spare.take(3).is_none() && spare.take(LARGEST_TOTAL).is_some() && spare.total == 0);
    }
}
