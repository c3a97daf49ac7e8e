//! What every operation needs to know about the machine.

use crate::geometry::{Geometry, Tap, Taps};
use crate::kernels::Kernels;
use crate::workers::for_each_block;

/// Kernels, and whether an operation may use several threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub kernels: Kernels,
    pub parallel: bool,
}

/// Elements that are worth a thread's attention where nothing is gathered.
const BLOCK: usize = 16 * 1024;

impl Context {
    /// Calls `body(scratch, row, values)` for each row of `out` (usually the channels of a pixel), compiled for the
    /// kernels' instructions; it must be `#[inline(always)]` in all it calls.
    pub fn for_each_row<T: Send, S: Default>(
        self,
        out: &mut [T],
        row_length: usize,
        body: impl Fn(&mut S, usize, &mut [T]) + Sync,
    ) {
        let rows = (BLOCK / row_length.max(1)).max(1);
        for_each_block(self.parallel, out, rows * row_length, |scratch: &mut S, index, block| {
            self.kernels.vectorize(
                #[inline(always)]
                || {
                    for (row, values) in block.chunks_exact_mut(row_length).enumerate() {
                        body(scratch, index * rows + row, values);
                    }
                },
            );
        });
    }
    /// Calls `body(scratch, taps, x, values)` for each pixel of `out`, of `row_length` values: its taps, and the part of the
    /// input that their offsets are counted in. Compiled as for [`for_each_row`](Self::for_each_row).
    pub fn for_each_pixel<X: Sync, T: Send, S: Default>(
        self,
        geometry: &Geometry,
        (x, out): (&[X], &mut [T]),
        row_length: usize,
        body: impl Fn(&mut S, &[Tap], &[X], &mut [T]) + Sync,
    ) {
        let pixels = (BLOCK / row_length.max(1)).max(1);
        let compute = |(scratch, taps): &mut (S, Taps), block: usize, out: &mut [T]| {
            self.kernels.vectorize(
                #[inline(always)]
                || {
                    let places = geometry.places(block * pixels);
                    for (place, values) in places.zip(out.chunks_exact_mut(row_length)) {
                        let (taps, x) = taps.at(geometry, place, x);
                        body(scratch, taps, x, values);
                    }
                },
            );
        };
        for_each_block(self.parallel, out, pixels * row_length, compute);
    }
}
