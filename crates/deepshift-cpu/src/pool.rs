//! Windows over pictures whose channels lie innermost.

use deepshift_core::graph::{Pool, Shape};
use deepshift_core::reference::window;
use std::ops::Range;

/// Which input pixels each output pixel covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Windows {
    pub input: Shape,
    pub output: Shape,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Pool(Pool),
    /// PyTorch's `adaptive_avg_pool2d`.
    Adaptive,
}

impl Windows {
    pub fn new(pool: Pool, input: Shape, output: Shape) -> Self {
        Self { input, output, kind: Kind::Pool(pool) }
    }

    pub fn adaptive(input: Shape, output: Shape) -> Self {
        Self { input, output, kind: Kind::Adaptive }
    }

    /// Rows and columns under an output pixel of the batch.
    #[inline(always)]
    pub fn covered(&self, pixel: usize) -> [Range<usize>; 2] {
        let within = pixel % self.output.pixels();
        let (row, column) = (within / self.output.width, within % self.output.width);
        match &self.kind {
            Kind::Pool(pool) => {
                [window(pool, 0, self.input.height, row), window(pool, 1, self.input.width, column)]
            }
            Kind::Adaptive => [
                span(row, self.input.height, self.output.height),
                span(column, self.input.width, self.output.width),
            ],
        }
    }

    /// Calls `visit` with the channels of each covered pixel, row by row.
    #[inline(always)]
    pub fn for_each_pixel<'a, T>(&self, x: &'a [T], pixel: usize, mut visit: impl FnMut(&'a [T])) {
        let [rows, columns] = self.covered(pixel);
        let picture = pixel / self.output.pixels() * self.input.height;
        for row in rows {
            for column in columns.clone() {
                let start = ((picture + row) * self.input.width + column) * self.input.channels;
                visit(&x[start..start + self.input.channels]);
            }
        }
    }
}

fn span(index: usize, size: usize, count: usize) -> Range<usize> {
    // A graph's shapes are only those for which 32 bits hold these products.
    index * size / count..((index + 1) * size).div_ceil(count)
}
