//! Operations that only move values: where each value of the output comes from.

use super::shape::{ShapeResult, picture, product};
use super::{MAX_ELEMENTS, Shape, is_one};
use serde::Serialize;

/// Operations whose values are all copies of their operand's, or zeros.
///
/// Each is one arm in [`shape`](Self::shape) and one in [`index_map`](Self::index_map); the executors know nothing but the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// Everything in one vector, channel after channel.
    Flatten,
    /// The same values in the same order, channel after channel, in another shape.
    Reshape(Vec<usize>),
    /// The axes `[channels, height, width]` in another order: axis `i` of the output is axis `axes[i]` of the input.
    Transpose([usize; 3]),
    /// A part of one axis.
    Slice(Slice),
    /// `[groups, n]` channels become `[n, groups]`.
    ChannelShuffle(usize),
    /// Every `stride`-th pixel, with channels of zeros before and after: ResNet's shortcut of option A.
    PadShortcut(PadShortcut),
    /// More pixels around the picture.
    Pad(Pad),
    /// Each pixel is the nearest of the input: row `y` is row `floor(y * height / new height)`, as PyTorch's
    /// `interpolate(mode="nearest")`. New height and width.
    ResizeNearest([usize; 2]),
    /// `r * r` channels become `r` times `r` pixels of one channel, as PyTorch's `pixel_shuffle`.
    PixelShuffle(usize),
}

/// The positions `start, start + step, ...` below `end` of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Slice {
    /// 0: channels, 1: height, 2: width.
    pub axis: usize,
    /// The first.
    pub start: usize,
    /// The first position that is left out.
    pub end: usize,
    /// From one to the next.
    #[serde(skip_serializing_if = "is_one")]
    pub step: usize,
}

/// ResNet's shortcut without weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PadShortcut {
    /// Down and right.
    pub stride: usize,
    /// Channels of zeros before the input's.
    pub before: usize,
    /// Channels of zeros after the input's.
    pub after: usize,
}

/// Pixels around a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Pad {
    /// At the top, bottom, left and right.
    pub padding: [usize; 4],
    /// What they hold.
    pub mode: PadMode,
}

/// What padding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PadMode {
    /// Zeros.
    Zeros,
    /// The nearest pixel of the picture.
    Edge,
    /// The picture mirrored at its outermost pixels, which are not repeated.
    Reflect,
}

/// Where the values of a movement come from, as two tables: the value of output channel `c` and pixel `p` is the input's value
/// number `channels[c] + pixels[p]`, counted channel after channel, and a zero where either is [`ZERO`](Self::ZERO).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexMap {
    /// One for each channel of the output.
    pub channels: Vec<u32>,
    /// One for each pixel of the output.
    pub pixels: Vec<u32>,
}

impl IndexMap {
    /// Marks what comes from nowhere. No input has so many values.
    pub const ZERO: u32 = 1 << 31;

    /// The number of the input's value, or none for a zero.
    pub fn source(&self, channel: usize, pixel: usize) -> Option<usize> {
        let (channel, pixel) = (self.channels[channel], self.pixels[pixel]);
        ((channel | pixel) & Self::ZERO == 0).then_some((channel + pixel) as usize)
    }
}

impl Movement {
    /// The channels `start..end`.
    pub fn channels([start, end]: [usize; 2]) -> Self {
        Self::Slice(Slice { axis: 0, start, end, step: 1 })
    }

    /// The output's shape for an operand of this shape.
    ///
    /// # Errors
    /// In words, what does not fit.
    pub fn shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match self {
            Self::Flatten => Ok(vec![product(input).ok_or("too large")?]),
            Self::Reshape(shape) if matches!(shape.len(), 1 | 3) && product(shape) == product(input) => {
                Ok(shape.clone())
            }
            Self::Reshape(_) => Err("a shape of another size".into()),
            Self::Transpose(axes) => transposed(*axes, picture(input)?),
            Self::Slice(slice) => slice.shape(input),
            Self::ChannelShuffle(groups) if *groups > 0 && input[0].is_multiple_of(*groups) => {
                Ok(input.to_vec())
            }
            Self::ChannelShuffle(groups) => Err(format!("{groups} groups of {input:?}")),
            Self::PadShortcut(shortcut) => shortcut.shape(picture(input)?),
            Self::Pad(pad) => pad.shape(picture(input)?),
            Self::ResizeNearest(size) => resized(*size, picture(input)?),
            Self::PixelShuffle(factor) => pixels_shuffled(*factor, picture(input)?),
        }
    }

    /// Where the output's values come from, for shapes that fit each other.
    pub fn index_map(&self, input: Shape, output: Shape) -> IndexMap {
        let same = |index: usize| Some(index);
        match self {
            Self::Flatten | Self::Reshape(_) => {
                by_offset(output, &|channel| channel * output.pixels(), &|row, column| {
                    row * output.width + column
                })
            }
            Self::Transpose(axes) => {
                let strides = axes.map(|axis| [input.pixels(), input.width, 1][axis]);
                by_offset(output, &|channel| channel * strides[0], &|row, column| {
                    row * strides[1] + column * strides[2]
                })
            }
            Self::Slice(slice) => {
                let along = |axis: usize| {
                    let (start, step) = if axis == slice.axis { (slice.start, slice.step) } else { (0, 1) };
                    move |index: usize| Some(start + index * step)
                };
                by_axis(input, output, [&along(0), &along(1), &along(2)])
            }
            Self::ChannelShuffle(groups) => {
                let each = input.channels / groups;
                let channel = |channel: usize| Some(channel % groups * each + channel / groups);
                by_axis(input, output, [&channel, &same, &same])
            }
            Self::PadShortcut(PadShortcut { stride, before, .. }) => {
                let channel =
                    |channel: usize| channel.checked_sub(*before).filter(|&channel| channel < input.channels);
                let picked = |index: usize| Some(index * stride);
                by_axis(input, output, [&channel, &picked, &picked])
            }
            Self::Pad(Pad { padding: [top, _, left, _], mode }) => {
                let row = |row| mode.source(row, *top, input.height);
                let column = |column| mode.source(column, *left, input.width);
                by_axis(input, output, [&same, &row, &column])
            }
            Self::ResizeNearest(_) => {
                // The products of two sizes may need 64 bits.
                let nearest = |from: usize, to: usize| {
                    move |index: usize| Some((index as u64 * from as u64 / to as u64) as usize)
                };
                let rows = nearest(input.height, output.height);
                by_axis(input, output, [&same, &rows, &nearest(input.width, output.width)])
            }
            Self::PixelShuffle(factor) => {
                by_offset(output, &|channel| channel * factor * factor * input.pixels(), &|row, column| {
                    let channel = row % factor * factor + column % factor;
                    channel * input.pixels() + row / factor * input.width + column / factor
                })
            }
        }
    }

    /// What it is called, with its numbers.
    pub fn label(&self) -> String {
        match self {
            Self::Flatten => "flatten".into(),
            Self::Reshape(_) => "reshape".into(),
            Self::Transpose([channels, height, width]) => format!("transpose {channels} {height} {width}"),
            Self::Slice(Slice { axis, start, end, step }) => {
                let axis = ["channels", "rows", "columns"].get(*axis).unwrap_or(&"axis");
                let step = if *step == 1 { String::new() } else { format!(" by {step}") };
                format!("{axis} {start}..{end}{step}")
            }
            Self::ChannelShuffle(groups) => format!("channel shuffle {groups}"),
            Self::PadShortcut(shortcut) => format!("shortcut /{}", shortcut.stride),
            Self::Pad(Pad { mode: PadMode::Zeros, .. }) => "pad with zeros".into(),
            Self::Pad(Pad { mode: PadMode::Edge, .. }) => "pad with edges".into(),
            Self::Pad(Pad { mode: PadMode::Reflect, .. }) => "pad by reflection".into(),
            Self::ResizeNearest([height, width]) => format!("resize to {height}x{width}"),
            Self::PixelShuffle(factor) => format!("pixel shuffle {factor}"),
        }
    }

    /// The shape of the picture that [`examples`](Self::examples) are for.
    pub const EXAMPLE_INPUT: [usize; 3] = [8, 4, 4];

    /// Some of each kind, for tests of whoever reads, writes or computes them.
    pub fn examples() -> Vec<Self> {
        let pad = |mode| Self::Pad(Pad { padding: [1, 2, 0, 3], mode });
        vec![
            Self::Flatten,
            Self::Reshape(vec![4, 2, 16]),
            Self::Transpose([2, 0, 1]),
            Self::channels([1, 3]),
            Self::Slice(Slice { axis: 1, start: 1, end: 4, step: 2 }),
            Self::Slice(Slice { axis: 2, start: 0, end: 3, step: 1 }),
            Self::ChannelShuffle(4),
            Self::PadShortcut(PadShortcut { stride: 2, before: 1, after: 2 }),
            pad(PadMode::Zeros),
            pad(PadMode::Edge),
            pad(PadMode::Reflect),
            Self::ResizeNearest([7, 3]),
            Self::ResizeNearest([8, 8]),
            Self::PixelShuffle(2),
        ]
    }
}

/// Values that come from the axes one by one.
fn by_axis(
    input: Shape,
    output: Shape,
    [channel, row, column]: [&dyn Fn(usize) -> Option<usize>; 3],
) -> IndexMap {
    let entry = |offset: Option<usize>| offset.map_or(IndexMap::ZERO, |offset| offset as u32);
    let columns: Vec<Option<usize>> = (0..output.width).map(column).collect();
    IndexMap {
        channels: (0..output.channels)
            .map(|index| entry(channel(index).map(|channel| channel * input.pixels())))
            .collect(),
        pixels: (0..output.height)
            .map(row)
            .flat_map(|row| {
                let pixel = move |column: &Option<usize>| Some(row? * input.width + (*column)?);
                columns.iter().map(move |column| entry(pixel(column)))
            })
            .collect(),
    }
}

/// Values that are found by adding a channel's and a pixel's number.
fn by_offset(
    output: Shape,
    channel: &dyn Fn(usize) -> usize,
    pixel: &dyn Fn(usize, usize) -> usize,
) -> IndexMap {
    IndexMap {
        channels: (0..output.channels).map(|index| channel(index) as u32).collect(),
        pixels: (0..output.pixels())
            .map(|index| pixel(index / output.width, index % output.width) as u32)
            .collect(),
    }
}

impl PadMode {
    /// The position of the input that is at `index` of the output, with so many before it.
    fn source(self, index: usize, before: usize, size: usize) -> Option<usize> {
        let (index, before, last) = (index as i64, before as i64, size as i64 - 1);
        let place = index - before;
        match self {
            Self::Zeros => (0..=last).contains(&place).then_some(place as usize),
            Self::Edge => Some(place.clamp(0, last) as usize),
            Self::Reflect if place < 0 => Some(-place as usize),
            Self::Reflect if place > last => Some((2 * last - place) as usize),
            Self::Reflect => Some(place as usize),
        }
    }
}

fn transposed(axes: [usize; 3], input: [usize; 3]) -> ShapeResult {
    if !(0..3).all(|axis| axes.contains(&axis)) {
        return Err("the order of the axes does not name each of 0, 1 and 2".into());
    }
    Ok(axes.map(|axis| input[axis]).to_vec())
}

fn resized(size: [usize; 2], [channels, ..]: [usize; 3]) -> ShapeResult {
    if size.contains(&0) || size.iter().any(|&size| size > MAX_ELEMENTS) {
        return Err(format!("a size is not between 1 and {MAX_ELEMENTS}"));
    }
    Ok(vec![channels, size[0], size[1]])
}

fn pixels_shuffled(factor: usize, [channels, height, width]: [usize; 3]) -> ShapeResult {
    let square = factor.checked_mul(factor).filter(|&square| square > 0 && channels.is_multiple_of(square));
    let square = square.ok_or("the channels are not so many pixels")?;
    let sides = [height, width].map(|side| side.checked_mul(factor));
    let [Some(height), Some(width)] = sides else { return Err("too large".into()) };
    Ok(vec![channels / square, height, width])
}

impl Slice {
    fn shape(&self, input: &[usize]) -> ShapeResult {
        let Self { axis, start, end, step } = *self;
        let size = input.get(axis).copied().unwrap_or_default();
        if step == 0 || start >= end || end > size {
            return Err(format!("positions {start}..{end} of axis {axis} of {input:?}"));
        }
        let mut shape = input.to_vec();
        shape[axis] = (end - start).div_ceil(step);
        Ok(shape)
    }
}

impl PadShortcut {
    fn shape(&self, [channels, height, width]: [usize; 3]) -> ShapeResult {
        if self.stride == 0 || self.stride > MAX_ELEMENTS {
            return Err(format!("a stride is not between 1 and {MAX_ELEMENTS}"));
        }
        let channels = channels.checked_add(self.before).and_then(|sum| sum.checked_add(self.after));
        Ok(vec![channels.ok_or("too large")?, height.div_ceil(self.stride), width.div_ceil(self.stride)])
    }
}

impl Pad {
    fn shape(&self, [channels, height, width]: [usize; 3]) -> ShapeResult {
        let [top, bottom, left, right] = self.padding;
        let padded = |size: usize, [before, after]: [usize; 2]| {
            let fits = self.mode != PadMode::Reflect || before.max(after) < size;
            let sum = size.checked_add(before).and_then(|sum| sum.checked_add(after));
            sum.filter(|&sum| fits && sum <= MAX_ELEMENTS).ok_or("the padding does not fit the picture")
        };
        Ok(vec![channels, padded(height, [top, bottom])?, padded(width, [left, right])?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::moved;

    /// The reference interpreter computes each kind by its definition, without a map.
    #[test]
    fn maps_say_what_the_definitions_say() {
        let input = Movement::EXAMPLE_INPUT;
        let values: Vec<usize> = (1..=input.iter().product()).collect();
        for movement in Movement::examples() {
            let output = movement.shape(&input).unwrap();
            let expected = moved(&movement, &values, &input, &output);
            let map = movement.index_map(Shape::new(&input), Shape::new(&output));
            let places = (0..map.channels.len()).flat_map(|c| (0..map.pixels.len()).map(move |p| (c, p)));
            let found: Vec<usize> =
                places.map(|(c, p)| map.source(c, p).map_or(0, |source| values[source])).collect();
            assert_eq!(found, expected, "{movement:?}");
        }
    }

    #[test]
    fn examples_show_every_kind() {
        let number = |movement: &Movement| match movement {
            Movement::Flatten => 0,
            Movement::Reshape(_) => 1,
            Movement::Transpose(_) => 2,
            Movement::Slice(_) => 3,
            Movement::ChannelShuffle(_) => 4,
            Movement::PadShortcut(_) => 5,
            Movement::Pad(_) => 6,
            Movement::ResizeNearest(_) => 7,
            Movement::PixelShuffle(_) => 8,
        };
        let mut shown: Vec<usize> = Movement::examples().iter().map(number).collect();
        shown.dedup();
        assert_eq!(shown, (0..9).collect::<Vec<_>>());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let pad = |padding, mode| Movement::Pad(Pad { padding, mode });
        let slice = |axis, start, end, step| Movement::Slice(Slice { axis, start, end, step });
        for movement in [
            Movement::Reshape(vec![127]),
            Movement::Reshape(vec![16, 8]),
            Movement::Transpose([0, 0, 2]),
            Movement::Transpose([1, 2, 3]),
            slice(3, 0, 1, 1),
            slice(0, 0, 9, 1),
            slice(0, 2, 2, 1),
            slice(1, 0, 2, 0),
            Movement::ChannelShuffle(3),
            Movement::ChannelShuffle(0),
            Movement::PadShortcut(PadShortcut { stride: 0, before: 0, after: 0 }),
            Movement::PadShortcut(PadShortcut { stride: 1, before: usize::MAX, after: 1 }),
            pad([4, 0, 0, 0], PadMode::Reflect),
            pad([usize::MAX, 1, 0, 0], PadMode::Zeros),
            Movement::ResizeNearest([0, 1]),
            Movement::ResizeNearest([1, usize::MAX]),
            Movement::PixelShuffle(0),
            Movement::PixelShuffle(3),
            Movement::PixelShuffle(usize::MAX),
        ] {
            assert!(movement.shape(&Movement::EXAMPLE_INPUT).is_err(), "{movement:?}");
        }
        assert!(Movement::Transpose([0, 1, 2]).shape(&[8]).is_err());
    }
}
