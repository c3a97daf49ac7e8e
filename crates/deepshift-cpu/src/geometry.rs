//! Convolutions over pictures whose channels lie innermost (`[height, width, channels]`).

use deepshift_core::graph::{Conv2d, Op, Shape};

/// A convolution between two shapes. A linear layer is a 1x1 convolution over a picture of one pixel.
#[derive(Debug, Clone)]
pub(crate) struct Geometry {
    pub conv: Conv2d,
    pub input: Shape,
    pub output: Shape,
}

/// A pixel of a batch's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    picture: usize,
    row: usize,
    column: usize,
}

/// The part of a kernel's row or column that lies inside the picture, and where it starts there.
struct Inside {
    first: usize,
    end: usize,
    position: usize,
}

/// A tap of an output pixel that is not padding, and where its input pixel's channels begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tap {
    pub index: usize,
    pub offset: usize,
}

/// The taps of a layer's output pixels, one after the other: most see no padding and have the same.
#[derive(Default)]
pub(crate) struct Taps {
    /// Of pixels that see no padding, counted from the first tap.
    whole: Vec<Tap>,
    /// Of the pixel that was asked for last, if it sees padding.
    part: Vec<Tap>,
}

impl Taps {
    /// The taps of a pixel, and the part of the input that their offsets are counted in.
    #[inline(always)]
    pub fn at<'a, T>(&mut self, geometry: &Geometry, place: Place, x: &'a [T]) -> (&[Tap], &'a [T]) {
        let Some(start) = geometry.whole_window(place) else {
            geometry.list_taps(place, &mut self.part);
            return (&self.part, x);
        };
        if self.whole.is_empty() {
            geometry.list_taps(place, &mut self.whole);
            self.whole.iter_mut().for_each(|tap| tap.offset -= start);
        }
        (&self.whole, &x[start..])
    }
}

impl Geometry {
    /// The geometry of a layer; `None` for other operations.
    pub fn new(op: &Op, input: Shape, output: Shape) -> Option<Self> {
        Some(Self { conv: Conv2d::of_layer(op)?, input, output })
    }

    /// Weights of one output channel.
    pub fn fan_in(&self) -> usize {
        self.conv.group_in() * self.conv.taps()
    }

    /// Whether an output pixel depends on the input pixel of the same place and on nothing else.
    pub fn is_pointwise(&self) -> bool {
        let conv = &self.conv;
        (conv.kernel, conv.stride, conv.padding, conv.groups) == ([1; 2], [1; 2], [0; 4], 1)
    }

    /// Where PyTorch's `[out, in / groups, height, width]` has weight `k` of a channel, in the order of
    /// [`gather`](Self::gather): `[height, width, in / groups]`.
    pub fn weight_index(&self, channel: usize, k: usize) -> usize {
        let (tap, input) = (k / self.conv.group_in(), k % self.conv.group_in());
        (channel * self.conv.group_in() + input) * self.conv.taps() + tap
    }

    /// Where a pixel of the whole batch's output lies.
    pub fn place(&self, pixel: usize) -> Place {
        let within = pixel % self.output.pixels();
        Place {
            picture: pixel / self.output.pixels(),
            row: within / self.output.width,
            column: within % self.output.width,
        }
    }

    /// The places of the pixels from this one on, without the divisions, which cost as much as a small patch.
    #[inline(always)]
    pub fn places(&self, first: usize) -> impl Iterator<Item = Place> {
        let Shape { height, width, .. } = self.output;
        std::iter::successors(Some(self.place(first)), move |&Place { picture, row, column }| {
            Some(if column + 1 < width {
                Place { picture, row, column: column + 1 }
            } else if row + 1 < height {
                Place { picture, row: row + 1, column: 0 }
            } else {
                Place { picture: picture + 1, row: 0, column: 0 }
            })
        })
    }

    /// Writes what one output pixel of one group sees to the first `fan_in` of `patch`; padding is zero. What follows
    /// in `patch` may be overwritten: small pieces are copied in whole blocks.
    #[inline(always)]
    pub fn gather<T: Copy + Default>(&self, x: &[T], place: Place, group: usize, patch: &mut [T]) {
        let line = self.conv.kernel[1] * self.conv.group_in();
        if self.is_contiguous()
            && let Some(start) = self.whole_window(place)
        {
            let step = self.step_down();
            for kernel_row in 0..self.conv.kernel[0] {
                copy(&x[start + kernel_row * step..], &mut patch[kernel_row * line..], line);
            }
            return;
        }
        let Place { picture, row, column } = place;
        let rows = self.inside(0, row);
        let columns = self.inside(1, column);
        clear(&mut patch[..rows.first * line]);
        let pixel = (picture * self.input.height + rows.position) * self.input.width + columns.position;
        let start = pixel * self.input.channels;
        for kernel_row in rows.first..rows.end {
            let start = start + (kernel_row - rows.first) * self.step_down();
            self.gather_line(&x[start..], &columns, group, &mut patch[kernel_row * line..]);
        }
        clear(&mut patch[rows.end * line..self.fan_in()]);
    }

    /// Values from a tap to the one below it. In 32 bits this wraps where a dilation is larger than the picture: then no
    /// pixel sees two taps that lie below each other.
    #[inline(always)]
    fn step_down(&self) -> usize {
        self.conv.dilation[0].wrapping_mul(self.input.width * self.input.channels)
    }

    /// Whether the taps of a kernel's row lie side by side.
    fn is_contiguous(&self) -> bool {
        self.conv.groups == 1 && self.conv.dilation[1] == 1
    }

    #[inline(always)]
    fn gather_line<T: Copy + Default>(&self, x: &[T], columns: &Inside, group: usize, patch: &mut [T]) {
        let each = self.conv.group_in();
        clear(&mut patch[..columns.first * each]);
        if self.is_contiguous() {
            let inside = columns.first * each..columns.end * each;
            patch[inside.clone()].copy_from_slice(&x[..inside.len()]);
        } else {
            // As `step_down`.
            let step = self.conv.dilation[1].wrapping_mul(self.input.channels);
            for tap in columns.first..columns.end {
                let start = (tap - columns.first) * step + group * each;
                copy(&x[start..], &mut patch[tap * each..], each);
            }
        }
        clear(&mut patch[columns.end * each..self.conv.kernel[1] * each]);
    }

    /// Lists the taps of an output pixel that are not padding.
    fn list_taps(&self, Place { picture, row, column }: Place, taps: &mut Vec<Tap>) {
        let Self { conv, input, .. } = self;
        let (rows, columns) = (self.inside(0, row), self.inside(1, column));
        taps.clear();
        for kernel_row in rows.first..rows.end {
            let input_row = rows.position + (kernel_row - rows.first) * conv.dilation[0];
            let line = (picture * input.height + input_row) * input.width + columns.position;
            for kernel_column in columns.first..columns.end {
                let pixel = line + (kernel_column - columns.first) * conv.dilation[1];
                let index = kernel_row * conv.kernel[1] + kernel_column;
                taps.push(Tap { index, offset: pixel * input.channels });
            }
        }
    }

    /// Where the first tap of an output pixel lies that sees no padding.
    #[inline(always)]
    fn whole_window(&self, Place { picture, row, column }: Place) -> Option<usize> {
        let Self { conv, input, .. } = self;
        let first = |axis: usize, index: usize, size: usize| {
            let position = (index * conv.stride[axis]).checked_sub(conv.padding[axis * 2])?;
            (position + (conv.kernel[axis] - 1) * conv.dilation[axis] < size).then_some(position)
        };
        let (row, column) = (first(0, row, input.height)?, first(1, column, input.width)?);
        Some(((picture * input.height + row) * input.width + column) * input.channels)
    }

    /// The taps of output row (axis 0) or column (axis 1) `index` that are not padding.
    fn inside(&self, axis: usize, index: usize) -> Inside {
        let size = [self.input.height, self.input.width][axis];
        let (kernel, dilation) = (self.conv.kernel[axis], self.conv.dilation[axis]);
        // Counted from the first zero of the padding.
        let start = index * self.conv.stride[axis];
        let begin = self.conv.padding[axis * 2];
        // Divisions would cost more than copying a small patch.
        let taps = |distance: usize| if dilation == 1 { distance } else { distance.div_ceil(dilation) };
        let first = taps(begin.saturating_sub(start)).min(kernel);
        let end = taps((begin + size).saturating_sub(start)).clamp(first, kernel);
        let position = if first < end { start + first * dilation - begin } else { 0 };
        Inside { first, end, position }
    }
}

/// Most patches have no padding, and a call to clear nothing costs as much as a small patch.
#[inline(always)]
fn clear<T: Copy + Default>(values: &mut [T]) {
    if !values.is_empty() {
        values.fill(T::default());
    }
}

/// Elements that [`copy`] copies together.
const BLOCK: usize = 16;

/// Copies the first `count` elements, and further ones of the last block where both slices have them: a loop over the
/// few elements of a small patch costs more than a block does, and so does one over the many blocks of a large one, unless
/// they are long. (In wasm the code would be too.)
#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T], count: usize) {
    if count <= BLOCK
        && let (Some(from), Some(to)) = (from.first_chunk::<BLOCK>(), to.first_chunk_mut::<BLOCK>())
    {
        *to = *from;
    } else if cfg!(not(target_family = "wasm")) && count.is_multiple_of(4 * BLOCK) {
        copy_blocks::<T, { 4 * BLOCK }>(&from[..count], &mut to[..count]);
    } else if count.next_multiple_of(BLOCK) <= from.len().min(to.len()) {
        let whole = count.next_multiple_of(BLOCK);
        copy_blocks::<T, BLOCK>(&from[..whole], &mut to[..whole]);
    } else {
        for (to, &from) in to[..count].iter_mut().zip(&from[..count]) {
            *to = from;
        }
    }
}

#[inline(always)]
fn copy_blocks<T: Copy, const LENGTH: usize>(from: &[T], to: &mut [T]) {
    for (to, from) in to.as_chunks_mut::<LENGTH>().0.iter_mut().zip(from.as_chunks().0) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other() {
        let shape = Shape::new(&[1, 3, 4]);
        let geometry = Geometry { conv: Conv2d::square(1, 1, 1), input: shape, output: shape };
        for first in [0, 5, 11] {
            for (index, place) in geometry.places(first).take(30).enumerate() {
                assert_eq!(place, geometry.place(first + index));
            }
        }
    }

    /// A patch must hold what the reference's taps see.
    #[test]
    fn a_patch_is_what_the_reference_sees() {
        let conv = Conv2d {
            kernel: [3, 2],
            stride: [2, 1],
            padding: [3, 1, 0, 5],
            dilation: [1, 3],
            groups: 2,
            ..Conv2d::square(4, 2, 1)
        };
        let (input, output) = ([4, 5, 4], Shape::new(&[2, 4, 6]));
        let geometry = Geometry { conv: conv.clone(), input: Shape::new(&input), output };
        let value = |index: usize| index as i8 + 1;
        let x: Vec<i8> =
            (0..20).flat_map(|pixel| (0..4).map(move |channel| value(channel * 20 + pixel))).collect();
        for pixel in 0..output.pixels() {
            for channel in 0..2 {
                let mut expected = vec![0; geometry.fan_in()];
                let place = [pixel / output.width, pixel % output.width];
                conv.for_each_tap(channel, place, &input, |weight, index| {
                    let k = (0..geometry.fan_in()).find(|&k| geometry.weight_index(channel, k) == weight);
                    expected[k.unwrap()] = value(index);
                });
                let mut patch = vec![-1; geometry.fan_in()];
                geometry.gather(&x, geometry.place(pixel), channel, &mut patch);
                assert_eq!(patch, expected, "pixel {pixel} channel {channel}");
            }
        }
    }
}
