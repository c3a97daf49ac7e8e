//! What only moves values, each kind by its definition; executors know these operations as index maps.

use crate::graph::{Movement, Pad, PadMode, PadShortcut, Slice};

/// The values of a movement between these shapes.
pub(crate) fn moved<T: Copy + Default>(movement: &Movement, x: &[T], from: &[usize], to: &[usize]) -> Vec<T> {
    let size = |shape: &[usize], axis: usize| shape.get(axis).copied().unwrap_or(1);
    let [channels, rows, columns] = [0, 1, 2].map(|axis| size(from, axis));
    let at = |channel: usize, row: usize, column: usize| x[(channel * rows + row) * columns + column];
    let mut output = Vec::with_capacity(to.iter().product());
    for c in 0..size(to, 0) {
        for row in 0..size(to, 1) {
            for column in 0..size(to, 2) {
                output.push(match movement {
                    // The order of the values stays.
                    Movement::Flatten | Movement::Reshape(_) => x[output.len()],
                    Movement::Transpose(axes) => {
                        let mut place = [0; 3];
                        axes.iter().zip([c, row, column]).for_each(|(&axis, index)| place[axis] = index);
                        at(place[0], place[1], place[2])
                    }
                    Movement::Slice(Slice { axis, start, step, .. }) => {
                        let mut place = [c, row, column];
                        place[*axis] = start + place[*axis] * step;
                        at(place[0], place[1], place[2])
                    }
                    // Channel `g * each + i` becomes channel `i * groups + g`.
                    Movement::ChannelShuffle(groups) => {
                        let (i, g) = (c / groups, c % groups);
                        at(g * (channels / groups) + i, row, column)
                    }
                    Movement::PadShortcut(PadShortcut { stride, before, .. }) => {
                        if c < *before || c - before >= channels {
                            T::default()
                        } else {
                            at(c - before, row * stride, column * stride)
                        }
                    }
                    Movement::Pad(Pad { padding: [top, _, left, _], mode }) => {
                        match (mode.place(row, *top, rows), mode.place(column, *left, columns)) {
                            (Some(row), Some(column)) => at(c, row, column),
                            _ => T::default(),
                        }
                    }
                    Movement::ResizeNearest([height, width]) => {
                        at(c, scaled(row, rows, *height), scaled(column, columns, *width))
                    }
                    Movement::PixelShuffle(factor) => {
                        let channel = c * factor * factor + row % factor * factor + column % factor;
                        at(channel, row / factor, column / factor)
                    }
                });
            }
        }
    }
    output
}

/// `floor(index * from / to)`.
fn scaled(index: usize, from: usize, to: usize) -> usize {
    (0..from).rfind(|&place| place as u64 * to as u64 <= index as u64 * from as u64).unwrap_or(0)
}

impl PadMode {
    /// Which of `size` positions is seen at `index` where `before` positions of padding come first.
    fn place(self, index: usize, before: usize, size: usize) -> Option<usize> {
        match self {
            _ if (before..before + size).contains(&index) => Some(index - before),
            Self::Zeros => None,
            Self::Edge if index < before => Some(0),
            Self::Edge => Some(size - 1),
            Self::Reflect if index < before => Some(before - index),
            Self::Reflect => Some(2 * (size - 1) - (index - before)),
        }
    }
}
