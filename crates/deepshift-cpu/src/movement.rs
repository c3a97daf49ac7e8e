//! What only moves values, in either mode. Pictures have their channels innermost, but for inputs and logits.

use crate::context::Context;
use deepshift_core::graph::{IndexMap, Movement, Shape};

/// Where the values of a movement come from, with channels innermost.
pub(crate) struct Gather {
    /// Values of a picture of the input.
    input: usize,
    output: Shape,
    sources: Sources,
}

enum Sources {
    /// Whole pixels, whose channels are put together from runs.
    Pixels {
        /// Where each pixel begins in the input, or [`IndexMap::ZERO`].
        pixels: Vec<u32>,
        /// In the order of the output's channels.
        runs: Vec<Run>,
    },
    /// Whole pixels whose channels are picked one by one.
    Picked { pixels: Vec<u32>, channels: Vec<u32> },
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
    pub fn new(movement: &Movement, input: Shape, output: Shape) -> Self {
        let map = movement.index_map(input, output);
        Self { input: input.elements(), output, sources: Sources::new(&map, input) }
    }

    pub fn run<T: Copy + Default + Send + Sync>(&self, context: Context, x: &[T], out: &mut [T]) {
        let [channels, pixels] = [self.output.channels, self.output.pixels()];
        context.for_each_row(out, channels, |_: &mut (), row, out| {
            let (picture, pixel) = (row / pixels, row % pixels);
            self.pixel(&x[picture * self.input..(picture + 1) * self.input], pixel, out);
        });
    }

    #[inline(always)]
    fn pixel<T: Copy + Default>(&self, x: &[T], pixel: usize, out: &mut [T]) {
        let begin = |pixels: &[u32]| Some(pixels[pixel]).filter(|&begin| begin != IndexMap::ZERO);
        match &self.sources {
            Sources::Pixels { pixels, runs } => match begin(pixels) {
                Some(begin) => copy_runs(&x[begin as usize..], runs, out),
                None => out.fill(T::default()),
            },
            Sources::Picked { pixels, channels } => match begin(pixels) {
                Some(begin) => pick(&x[begin as usize..], channels, out),
                None => out.fill(T::default()),
            },
            Sources::Values(values) => {
                pick(x, &values[pixel * self.output.channels..][..self.output.channels], out);
            }
        }
    }
}

impl Sources {
    fn new(map: &IndexMap, input: Shape) -> Self {
        let size = input.pixels() as u32;
        let is_channel = |&offset: &u32| offset == IndexMap::ZERO || offset.is_multiple_of(size);
        let is_pixel = |&offset: &u32| offset == IndexMap::ZERO || offset < size;
        if !map.channels.iter().all(is_channel) || !map.pixels.iter().all(is_pixel) {
            return Self::Values(values(map, input));
        }
        let scaled =
            |offset: u32, by: u32, to: u32| if offset == IndexMap::ZERO { offset } else { offset / by * to };
        let pixels = map.pixels.iter().map(|&pixel| scaled(pixel, 1, input.channels as u32)).collect();
        let channels: Vec<u32> = map.channels.iter().map(|&channel| scaled(channel, size, 1)).collect();
        let runs = runs(&channels);
        if runs.len() * LEAST_RUN > channels.len() {
            return Self::Picked { pixels, channels };
        }
        Self::Pixels { pixels, runs }
    }
}

/// Where each value of a picture comes from, channels innermost.
fn values(map: &IndexMap, input: Shape) -> Vec<u32> {
    let place = |source: usize| (source % input.pixels() * input.channels + source / input.pixels()) as u32;
    let pixels = 0..map.pixels.len();
    pixels
        .flat_map(|pixel| (0..map.channels.len()).map(move |channel| (channel, pixel)))
        .map(|(channel, pixel)| map.source(channel, pixel).map_or(IndexMap::ZERO, place))
        .collect()
}

fn runs(channels: &[u32]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &channel in channels {
        let start = Some(channel as usize).filter(|_| channel != IndexMap::ZERO);
        match runs.last_mut() {
            Some(last) if last.start.map(|start| start + last.length) == start => last.length += 1,
            _ => runs.push(Run { start, length: 1 }),
        }
    }
    runs
}

#[inline(always)]
fn copy_runs<T: Copy + Default>(pixel: &[T], runs: &[Run], mut out: &mut [T]) {
    for &Run { start, length } in runs {
        let (run, rest) = out.split_at_mut(length);
        match start {
            Some(start) => run.copy_from_slice(&pixel[start..start + length]),
            None => run.fill(T::default()),
        }
        out = rest;
    }
}

#[inline(always)]
fn pick<T: Copy + Default>(x: &[T], places: &[u32], out: &mut [T]) {
    for (out, &place) in out.iter_mut().zip(places) {
        *out = if place == IndexMap::ZERO { T::default() } else { x[place as usize] };
    }
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
