//! Pieces of slices for all cores, or one after the other where there are no threads.

#[cfg(not(target_family = "wasm"))]
pub(crate) use rayon::prelude::*;

#[cfg(target_family = "wasm")]
pub(crate) use serial::{ParallelSlice, ParallelSliceMut};

/// Rayon's names for the standard library's iterators.
#[cfg(target_family = "wasm")]
mod serial {
    use std::slice::{Chunks, ChunksMut};

    pub(crate) trait ParallelSlice<T> {
        fn par_chunks(&self, size: usize) -> Chunks<'_, T>;
    }

    pub(crate) trait ParallelSliceMut<T> {
        fn par_chunks_mut(&mut self, size: usize) -> ChunksMut<'_, T>;
    }

    impl<T> ParallelSlice<T> for [T] {
        fn par_chunks(&self, size: usize) -> Chunks<'_, T> {
            self.chunks(size)
        }
    }

    impl<T> ParallelSliceMut<T> for [T] {
        fn par_chunks_mut(&mut self, size: usize) -> ChunksMut<'_, T> {
            self.chunks_mut(size)
        }
    }
}
