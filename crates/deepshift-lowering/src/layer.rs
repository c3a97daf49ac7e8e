//! Convolutions and linear layers: their geometry, and how their weights lie.

use crate::network::Coding;
use deepshift_core::graph::{Conv2d, Op, Shape};
use deepshift_core::{FixedPoint, Kernel};

/// A convolution between two shapes. A linear layer is a 1x1 convolution over a picture of one pixel.
#[derive(Debug, Clone)]
pub struct Geometry {
    /// Kernel, stride, padding, dilation and groups.
    pub conv: Conv2d,
    /// Of one picture.
    pub input: Shape,
    /// Of one picture.
    pub output: Shape,
}

/// Which kernel computes a layer, decided by its geometry and the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Matrix product; a matrix-vector product where there are few rows.
    Product,
    /// Pixel by pixel, for depthwise layers and groups that do not fall on quads.
    Direct,
    /// Output by output.
    Naive,
}

/// A convolution or linear layer.
pub struct Layer {
    /// Its shapes.
    pub geometry: Geometry,
    /// Which kernel computes it.
    pub path: Path,
    /// How the weights are kept.
    pub weights: Weights,
    /// The constant that holds them.
    pub constant: usize,
    /// Format that inputs are rounded to first, in float mode.
    pub rounding: Option<FixedPoint>,
}

/// How weights lie in a layer's constant. Steps of `k` are channels of a group within taps; [`Path::Product`] pads them
/// to quads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Packed codes, used as shifts: `[k / 8][output quad][term]` blocks of `[k % 8][channel]`, each of as many words as
    /// a code has bits.
    Shifts(Coding),
    /// Packed codes, decoded to integers.
    Integers(Coding),
    /// Exact integers as i8, `[k / 4][output quad][plane][channel][k % 4]`; a weight is the sum of `256^plane` times its
    /// planes.
    Planes(usize),
    /// Packed codes, decoded to f32 but for the channel's exponent, which the end's scale has.
    Floats {
        /// How they are coded.
        coding: Coding,
        /// The f32 exponent of magnitude 0 in every term.
        exponent: u32,
    },
    /// f32, `[k][output channel]`.
    Plain,
    /// i32 in integer mode, else f32, `[output channel][tap][channel of the group]`.
    Words,
}

impl Geometry {
    /// The geometry of a layer; `None` for other operations.
    pub(crate) fn new(op: &Op, input: Shape, output: Shape) -> Option<Self> {
        Some(Self { conv: Conv2d::of_layer(op)?, input, output })
    }

    /// Where PyTorch's `[out, in / groups, height, width]` has a weight.
    pub(crate) fn weight_index(&self, channel: usize, tap: usize, input: usize) -> usize {
        (channel * self.conv.group_in() + input) * self.conv.taps() + tap
    }

    /// Whether every group is a range of whole quads.
    pub(crate) fn is_aligned(&self) -> bool {
        self.conv.groups == 1
            || (self.conv.group_in().is_multiple_of(4) && self.conv.group_out().is_multiple_of(4))
    }

    /// Steps of `k` for each tap in the order of [`Path::Product`], channels padded to quads, or else of [`Path::Direct`].
    pub(crate) fn steps_of_tap(&self, path: Path) -> usize {
        if path == Path::Product { self.conv.group_in().next_multiple_of(4) } else { self.conv.group_in() }
    }

    /// Whether it is a matrix times a vector.
    pub fn is_linear(&self) -> bool {
        self.input.pixels() == 1
            && self.output.pixels() == 1
            && self.conv.taps() == 1
            && self.conv.groups == 1
    }

    /// Whether a tap may lie in the padding.
    pub fn is_padded(&self) -> bool {
        let reach = |axis: usize| {
            let conv = &self.conv;
            let size = [self.output.height, self.output.width][axis];
            (size - 1) * conv.stride[axis] + (conv.kernel[axis] - 1) * conv.dilation[axis]
        };
        let [top, _, left, _] = self.conv.padding;
        top > 0 || left > 0 || reach(0) >= self.input.height || reach(1) >= self.input.width
    }
}

impl Path {
    /// The path of a layer for this family of kernels.
    pub(crate) fn choose(geometry: &Geometry, kernel: Kernel) -> Self {
        match kernel {
            Kernel::NaiveMultiply => Self::Naive,
            _ if geometry.is_aligned() => Self::Product,
            _ => Self::Direct,
        }
    }
}
