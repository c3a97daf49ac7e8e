//! Operations that only move values: where each value of the output comes from.

use super::shape::product;
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// In words, what the operand must be.
    pub fn shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        self.fitting_shape(input).ok_or_else(|| format!("{}, not {input:?}", self.needs()))
    }

    // With one message for each kind, because a page loads this code.
    fn fitting_shape(&self, input: &[usize]) -> Option<Vec<usize>> {
        let Shape { channels, height, width } = Shape::new(input);
        let within = |size: usize| (1..=MAX_ELEMENTS).contains(&size).then_some(size);
        let shape = match self {
            Self::Flatten => return Some(vec![product(input)?]),
            Self::Reshape(shape) => {
                let fits = matches!(shape.len(), 1 | 3) && product(shape) == product(input);
                return fits.then(|| shape.clone());
            }
            Self::Slice(Slice { axis, start, end, step }) => {
                let mut shape = input.to_vec();
                let size = shape.get_mut(*axis)?;
                let fits = *step > 0 && start < end && end <= size;
                *size = fits.then(|| (end - start).div_ceil(*step))?;
                return Some(shape);
            }
            Self::ChannelShuffle(groups) => {
                return (*groups > 0 && channels.is_multiple_of(*groups)).then(|| input.to_vec());
            }
            Self::Transpose(axes) => {
                let all = (0..3).all(|axis| axes.contains(&axis));
                all.then(|| axes.map(|axis| [channels, height, width][axis]))?
            }
            Self::PadShortcut(PadShortcut { stride, before, after }) => {
                let channels = channels.checked_add(*before)?.checked_add(*after)?;
                let stride = within(*stride)?;
                [channels, height.div_ceil(stride), width.div_ceil(stride)]
            }
            Self::Pad(Pad { padding: [top, bottom, left, right], mode }) => {
                let padded = |size: usize, before: usize, after: usize| {
                    let fits = *mode != PadMode::Reflect || before.max(after) < size;
                    within(size.checked_add(before)?.checked_add(after)?).filter(|_| fits)
                };
                [channels, padded(height, *top, *bottom)?, padded(width, *left, *right)?]
            }
            Self::ResizeNearest([height, width]) => [channels, within(*height)?, within(*width)?],
            Self::PixelShuffle(factor) => {
                let square = factor.checked_mul(*factor)?;
                let channels = (square > 0 && channels.is_multiple_of(square)).then(|| channels / square)?;
                [channels, height.checked_mul(*factor)?, width.checked_mul(*factor)?]
            }
        };
        (input.len() == 3).then(|| shape.to_vec())
    }

    /// What the operand must be.
    fn needs(&self) -> &'static str {
        match self {
            Self::Flatten => "takes fewer values",
            Self::Reshape(_) => "takes as many values as the new shape has",
            Self::Slice(_) => "takes an operand that has the positions start..end of the axis",
            Self::ChannelShuffle(_) => "takes channels that its groups divide",
            Self::Transpose(_) => "takes a picture and an order of the axes 0, 1 and 2",
            Self::PadShortcut(_) => "takes a picture and a stride of at least 1",
            Self::Pad(_) => "takes a picture that is larger than what it reflects",
            Self::ResizeNearest(_) => "takes a picture and a size of at least 1",
            Self::PixelShuffle(_) => "takes a picture whose channels are so many pixels",
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
    let mut map = IndexMap::default();
    for index in 0..output.channels {
        map.channels.push(channel(index).map_or(IndexMap::ZERO, |channel| (channel * input.pixels()) as u32));
    }
    for row_index in 0..output.height {
        let row = row(row_index);
        for index in 0..output.width {
            map.pixels.push(match (row, column(index)) {
                (Some(row), Some(column)) => (row * input.width + column) as u32,
                _ => IndexMap::ZERO,
            });
        }
    }
    map
}

/// Values that are found by adding a channel's and a pixel's number.
fn by_offset(
    output: Shape,
    channel: &dyn Fn(usize) -> usize,
    pixel: &dyn Fn(usize, usize) -> usize,
) -> IndexMap {
    let mut map = IndexMap::default();
    for index in 0..output.channels {
        map.channels.push(channel(index) as u32);
    }
    for row in 0..output.height {
        for column in 0..output.width {
            map.pixels.push(pixel(row, column) as u32);
        }
    }
    map
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
