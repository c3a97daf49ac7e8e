//! Which input positions a pooling window covers.

use crate::graph::Pool;
use std::ops::Range;

/// The part of window `index` that lies inside an axis of this size (axis 0: down, 1: right).
pub fn window(pool: &Pool, axis: usize, size: usize, index: usize) -> Range<usize> {
    let start = index * pool.stride[axis];
    let end = (start + pool.kernel[axis]).saturating_sub(pool.padding[axis]).min(size);
    start.saturating_sub(pool.padding[axis]).min(end)..end
}

/// How many positions of window `index` an average counts: padding counts, what lies beyond it does not.
pub fn average_divisor(pool: &Pool, axis: usize, size: usize, index: usize) -> usize {
    let start = index * pool.stride[axis];
    (start + pool.kernel[axis]).min(size + 2 * pool.padding[axis]) - start
}
