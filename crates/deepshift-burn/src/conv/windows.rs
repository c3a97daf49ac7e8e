//! The input values under each element of the kernel, as rows of output pixels.
//!
//! An element that lies `x` columns to the right sees the picture moved `x` columns to the left. Once that is copied,
//! an element that lies further down sees the same values, only starting some lines later: with a kernel of 3 by 3 a
//! picture is copied three times and not nine.

use std::ops::Range;

use super::columns::copy;
use super::geometry::Geometry;
use super::kernel::{Rows, SLACK};

/// f32 values of a buffer that stays in a core's second-level cache.
const BUFFER: usize = 1 << 17;

/// How the values of some lines of output pixels lie in a buffer.
pub(super) struct Windows<'a> {
    pub geometry: &'a Geometry,
    /// Where the values under each element of the kernel start, for the channels of one group.
    starts: Vec<usize>,
    /// Lines of output pixels that the buffer holds.
    pub lines: usize,
    /// For each remainder of a division by the vertical stride, whose lines lie together, how many of them there are.
    remainders: Vec<usize>,
}

impl<'a> Windows<'a> {
    pub fn new(geometry: &'a Geometry) -> Self {
        let whole = Self::of_lines(geometry, geometry.output[0]);
        if whole.size() <= BUFFER || geometry.output[0] == 0 {
            return whole;
        }
        let lines = geometry.output[0] * BUFFER / whole.size();
        Self::of_lines(geometry, lines.max(1))
    }

    fn of_lines(geometry: &'a Geometry, lines: usize) -> Self {
        let [height, width] = geometry.kernel;
        let stride = geometry.stride[0];
        let mut remainders = vec![0; stride];
        for down in (0..height).map(|tap| tap * geometry.dilation[0]) {
            let needed = &mut remainders[down % stride];
            *needed = lines + down / stride;
        }
        let mut windows = Self { geometry, starts: Vec::new(), lines, remainders };
        let start = |element: usize| {
            let (channel, down, right) =
                (element / width / height, element / width % height, element % width);
            let down = down * geometry.dilation[0];
            let before: usize = windows.remainders[..down % stride].iter().sum();
            let line = (channel * width + right) * windows.lines_of_copy() + before + down / stride;
            line * geometry.output[1]
        };
        windows.starts = (0..geometry.fan_in()).map(start).collect();
        windows
    }

    /// Lines of one copy of one channel.
    fn lines_of_copy(&self) -> usize {
        self.remainders.iter().sum()
    }

    /// Values of one channel with all its copies.
    fn channel_size(&self) -> usize {
        self.geometry.kernel[1] * self.lines_of_copy() * self.geometry.output[1]
    }

    /// Values of one picture.
    pub fn size(&self) -> usize {
        self.geometry.channels_in * self.channel_size()
    }

    /// A buffer for `pictures` pictures.
    pub fn buffer(&self, pictures: usize) -> Vec<f32> {
        vec![0.0; pictures * self.size() + SLACK]
    }

    /// Lines of output pixels, as many as the buffer holds at a time.
    pub fn parts(&self) -> impl Iterator<Item = Range<usize>> {
        let height = self.geometry.output[0];
        (0..height).step_by(self.lines.max(1)).map(move |start| start..(start + self.lines).min(height))
    }

    /// The rows of one group for that many lines of output pixels.
    pub fn rows<'b>(&'b self, buffer: &'b [f32], group: usize, lines: usize) -> Rows<'b> {
        let channels = self.geometry.channels_in / self.geometry.groups;
        Rows {
            values: &buffer[group * channels * self.channel_size()..],
            starts: &self.starts,
            length: lines * self.geometry.output[1],
        }
    }

    /// Writes the values of a picture `[c_in, h, w]` for lines of output pixels from `first` on into a buffer that
    /// this function alone wrote to before.
    pub fn fill(&self, picture: &[f32], first: usize, buffer: &mut [f32]) {
        let geometry = self.geometry;
        let width = geometry.kernel[1];
        let copy_size = self.lines_of_copy() * geometry.output[1];
        if copy_size == 0 {
            return;
        }
        for (index, copy) in buffer[..self.size()].chunks_exact_mut(copy_size).enumerate() {
            let plane = &picture[index / width * geometry.input_pixels()..][..geometry.input_pixels()];
            self.fill_copy(plane, index % width, first, copy);
        }
    }

    fn fill_copy(&self, plane: &[f32], right: usize, first: usize, copy: &mut [f32]) {
        let geometry = self.geometry;
        if geometry.stride == [1, 1] && geometry.input[1] == geometry.output[1] {
            return self.fill_moved(plane, right, first, copy);
        }
        let (inside, start) = geometry.inside(1, right);
        let mut lines = copy.chunks_exact_mut(geometry.output[1]);
        for (remainder, &count) in self.remainders.iter().enumerate() {
            let sources = (first..first + count).map(|line| line * geometry.stride[0] + remainder);
            for (source, line) in sources.zip(&mut lines) {
                let line = &mut line[inside.clone()];
                match source.checked_sub(geometry.padding[0]).filter(|&source| source < geometry.input[0]) {
                    Some(source) => {
                        let source = &plane[source * geometry.input[1]..][..geometry.input[1]];
                        read(&source[start..], geometry.stride[1], line);
                    }
                    None => line.fill(0.0),
                }
            }
        }
    }

    /// [`fill_copy`](Self::fill_copy) where lines have the same length on both sides, so that all of them are copied
    /// at once; then what came from neighbouring lines is made zero.
    fn fill_moved(&self, plane: &[f32], right: usize, first: usize, copy: &mut [f32]) {
        let width = self.geometry.input[1];
        let (inside, start) = self.geometry.inside(1, right);
        // Where a value of the copy comes from: `from - to` values further on in the plane.
        let from = first * width + start;
        let to = self.geometry.padding[0] * width + inside.start;
        let begin = to.saturating_sub(from).min(copy.len());
        let end = (plane.len() + to).saturating_sub(from).clamp(begin, copy.len());
        copy[..begin].fill(0.0);
        copy[begin..end].copy_from_slice(&plane[begin + from - to..end + from - to]);
        copy[end..].fill(0.0);
        for column in (0..inside.start).chain(inside.end..width) {
            copy[column..].iter_mut().step_by(width).for_each(|value| *value = 0.0);
        }
    }
}

/// Copies every `stride`-th value.
fn read(source: &[f32], stride: usize, target: &mut [f32]) {
    if stride == 1 {
        return copy(&source[..target.len()], target);
    }
    target.iter_mut().zip(source.iter().step_by(stride)).for_each(|(target, &source)| *target = source);
}
