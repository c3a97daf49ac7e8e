//! Operations that only move values, in either mode. All pictures have their channels innermost.

use crate::context::Context;
use deepshift_core::graph::{PadShortcut, Shape};

/// Channels `start..` of each pixel, as many as `out` has.
pub(crate) fn slice<T: Copy + Send + Sync>(
    context: Context,
    x: &[T],
    channels: usize,
    [start, end]: [usize; 2],
    out: &mut [T],
) {
    context.for_each_row(out, end - start, |_: &mut (), row, out| {
        out.copy_from_slice(&x[row * channels + start..row * channels + end]);
    });
}

/// Channel `g * n + i` becomes channel `i * groups + g`.
pub(crate) fn shuffle<T: Copy + Send + Sync>(
    context: Context,
    x: &[T],
    channels: usize,
    groups: usize,
    out: &mut [T],
) {
    let each = channels / groups;
    context.for_each_row(out, channels, |_: &mut (), row, out| {
        let x = &x[row * channels..(row + 1) * channels];
        for (i, out) in out.chunks_exact_mut(groups).enumerate() {
            for (group, out) in out.iter_mut().enumerate() {
                *out = x[group * each + i];
            }
        }
    });
}

/// ResNet's shortcut without weights, between these shapes.
pub(crate) fn pad_shortcut<T: Copy + Default + Send + Sync>(
    context: Context,
    x: &[T],
    shortcut: &PadShortcut,
    [input, output]: [Shape; 2],
    out: &mut [T],
) {
    let used = shortcut.before..shortcut.before + input.channels;
    context.for_each_row(out, output.channels, |_: &mut (), row, out| {
        let (picture, pixel) = (row / output.pixels(), row % output.pixels());
        let (y, x_) = (pixel / output.width * shortcut.stride, pixel % output.width * shortcut.stride);
        let from = ((picture * input.height + y) * input.width + x_) * input.channels;
        out[..used.start].fill(T::default());
        out[used.end..].fill(T::default());
        out[used.clone()].copy_from_slice(&x[from..from + input.channels]);
    });
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
