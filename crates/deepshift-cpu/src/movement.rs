//! What only moves values, in either mode. Pictures have their channels innermost, but for inputs and logits.

use crate::context::Context;
use deepshift_core::graph::{IndexMap, Movement, Shape};

/// Where the values of a movement come from, with channels innermost.
pub(crate) struct Gather {
    /// Values of a picture of the input, and of a pixel and a picture's pixels of the output.
    input: usize,
    channels: usize,
    pixels: usize,
    sources: Sources,
}

enum Sources {
    /// Whole pixels: where each begins in the input, or [`IndexMap::ZERO`], and the runs that its channels are put together from.
    Pixels(Vec<u32>, Vec<Run>),
    /// Each value, or [`IndexMap::ZERO`].
    Values(Vec<u32>),
}

/// Channels that lie side by side in the input, or zeros.
struct Run {
    start: Option<usize>,
    length: usize,
}

/// Runs shorter than this on average are not worth a copy each.
const LEAST_RUN: usize = 4;

impl Gather {
    /// Each value takes `width` elements of what is moved.
    pub fn new(movement: &Movement, input: Shape, output: Shape, width: usize) -> Self {
        Self {
            input: input.elements() * width,
            channels: output.channels * width,
            pixels: output.pixels(),
            sources: Sources::new(&movement.index_map(input, output), input, width),
        }
    }

    pub fn run<T: Copy + Default + Send + Sync>(&self, context: Context, x: &[T], out: &mut [T]) {
        context.for_each_row(out, self.channels, |_: &mut (), row, out| {
            let (picture, pixel) = (row / self.pixels, row % self.pixels);
            self.pixel(&x[picture * self.input..(picture + 1) * self.input], pixel, out);
        });
    }

    #[inline(always)]
    fn pixel<T: Copy + Default>(&self, x: &[T], pixel: usize, mut out: &mut [T]) {
        match &self.sources {
            Sources::Pixels(pixels, _) if pixels[pixel] == IndexMap::ZERO => out.fill(T::default()),
            Sources::Pixels(pixels, runs) => {
                let x = &x[pixels[pixel] as usize..];
                for &Run { start, length } in runs {
                    let (run, rest) = out.split_at_mut(length);
                    match start {
                        Some(start) => run.copy_from_slice(&x[start..start + length]),
                        None => run.fill(T::default()),
                    }
                    out = rest;
                }
            }
            Sources::Values(values) => {
                for (out, &place) in out.iter_mut().zip(&values[pixel * self.channels..]) {
                    *out = if place == IndexMap::ZERO { T::default() } else { x[place as usize] };
                }
            }
        }
    }
}

impl Sources {
    fn new(map: &IndexMap, input: Shape, width: usize) -> Self {
        let size = input.pixels() as u32;
        let is_zero = |offset: u32| offset == IndexMap::ZERO;
        let whole = map.channels.iter().all(|&offset| is_zero(offset) || offset.is_multiple_of(size))
            && map.pixels.iter().all(|&offset| is_zero(offset) || offset < size);
        let runs = runs(&map.channels, size as usize, width);
        if !whole || runs.len() * LEAST_RUN > map.channels.len() * width {
            return Self::Values(values(map, input, width));
        }
        let stride = (input.channels * width) as u32;
        let begin = |&offset: &u32| if is_zero(offset) { offset } else { offset * stride };
        Self::Pixels(map.pixels.iter().map(begin).collect(), runs)
    }
}

/// Where each value of a picture comes from, channels innermost.
fn values(map: &IndexMap, input: Shape, width: usize) -> Vec<u32> {
    let mut values = Vec::with_capacity(map.pixels.len() * map.channels.len() * width);
    for pixel in 0..map.pixels.len() {
        for channel in 0..map.channels.len() {
            let source = map.source(channel, pixel);
            let place = source
                .map(|source| (source % input.pixels() * input.channels + source / input.pixels()) * width);
            values.extend((0..width).map(|part| place.map_or(IndexMap::ZERO, |place| (place + part) as u32)));
        }
    }
    values
}

/// Offsets of channels, of which each has so many pixels, as runs.
fn runs(channels: &[u32], pixels: usize, width: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &offset in channels {
        let start = (offset != IndexMap::ZERO).then(|| offset as usize / pixels * width);
        match runs.last_mut() {
            Some(last) if last.start.map(|start| start + last.length) == start => last.length += width,
            _ => runs.push(Run { start, length: width }),
        }
    }
    runs
}

/// Pictures of this shape in the graph's order, channel after channel.
pub(crate) fn channels_first<T: Copy, U>(x: &[T], shape: Shape, out: &mut [U], convert: impl Fn(T) -> U) {
    let pictures = x.chunks_exact(shape.elements()).zip(out.chunks_exact_mut(shape.elements()));
    for (x, out) in pictures {
        for (channel, out) in out.chunks_exact_mut(shape.pixels()).enumerate() {
            for (out, pixel) in out.iter_mut().zip(x.chunks_exact(shape.channels)) {
                *out = convert(pixel[channel]);
            }
        }
    }
}

/// Pictures in the graph's order with their channels innermost; `convert(channel, value)`.
pub(crate) fn channels_last<T: Copy, U>(
    x: &[T],
    shape: Shape,
    out: &mut [U],
    convert: impl Fn(usize, T) -> U,
) {
    let pictures = x.chunks_exact(shape.elements()).zip(out.chunks_exact_mut(shape.elements()));
    for (x, out) in pictures {
        for (channel, x) in x.chunks_exact(shape.pixels()).enumerate() {
            for (&x, out) in x.iter().zip(out.chunks_exact_mut(shape.channels)) {
                out[channel] = convert(channel, x);
            }
        }
    }
}
