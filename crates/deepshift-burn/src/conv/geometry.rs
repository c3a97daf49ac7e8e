//! The sizes of a convolution.

use std::ops::Range;

use burn::tensor::Shape;
use burn::tensor::ops::ConvOptions;

/// The sizes of a convolution; pairs are height and width.
#[derive(Debug, Clone)]
pub(super) struct Geometry {
    pub images: usize,
    pub channels_in: usize,
    pub channels_out: usize,
    pub groups: usize,
    pub input: [usize; 2],
    pub kernel: [usize; 2],
    pub output: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Above and to the left.
    pub padding: [usize; 2],
}

impl Geometry {
    /// # Panics
    ///
    /// When the shapes `[n, c_in, h, w]` and `[c_out, c_in / groups, kh, kw]` do not fit each other.
    pub fn new(input: &Shape, weight: &Shape, options: &ConvOptions<2>) -> Self {
        let groups = options.groups;
        let (channels_in, channels_out) = (input[1], weight[0]);
        assert!(
            channels_in == weight[1] * groups && channels_out.is_multiple_of(groups),
            "a convolution of {input:?} with {weight:?} in {groups} groups: the channels do not fit"
        );
        let output = |axis: usize| {
            let (before, after) = options.padding[axis];
            let padded = input[2 + axis] + before + after;
            let extent = options.dilation[axis] * (weight[2 + axis] - 1) + 1;
            assert!(extent <= padded, "a kernel of extent {extent} on a padded picture of extent {padded}");
            (padded - extent) / options.stride[axis] + 1
        };
        Self {
            images: input[0],
            channels_in,
            channels_out,
            groups,
            input: [input[2], input[3]],
            kernel: [weight[2], weight[3]],
            output: [output(0), output(1)],
            stride: options.stride,
            dilation: options.dilation,
            padding: options.padding_begin(),
        }
    }

    /// Pixels of one channel of an input picture.
    pub fn input_pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Pixels of one channel of an output picture.
    pub fn output_pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Weights of one output channel, which is the height of a group's columns.
    pub fn fan_in(&self) -> usize {
        self.channels_in / self.groups * self.kernel[0] * self.kernel[1]
    }

    /// Height of the columns of all groups.
    pub fn rows(&self) -> usize {
        self.fan_in() * self.groups
    }

    /// Of the output positions along `axis`, those at which element `tap` of the kernel lies inside the picture, and
    /// the input position at the first of them.
    pub fn inside(&self, axis: usize, tap: usize) -> (Range<usize>, usize) {
        let (stride, shift) = (self.stride[axis], tap * self.dilation[axis]);
        let padding = self.padding[axis];
        let first = padding.saturating_sub(shift).div_ceil(stride);
        let end = (self.input[axis] + padding).saturating_sub(shift).div_ceil(stride).min(self.output[axis]);
        let first = first.min(end);
        (first..end, (first * stride + shift).saturating_sub(padding))
    }
}

/// What the kernels of machines with an operating system ask besides.
#[cfg(any(test, not(target_family = "wasm")))]
impl Geometry {
    /// Values of one input picture.
    pub fn input_size(&self) -> usize {
        self.channels_in * self.input_pixels()
    }

    /// Values of one output picture.
    pub fn output_size(&self) -> usize {
        self.channels_out * self.output_pixels()
    }

    /// Output channels of one group.
    pub fn group_outputs(&self) -> usize {
        self.channels_out / self.groups
    }

    /// The convolution that takes the gradient of the output to that of the input; none where this one leaves pixels
    /// out or pads more than the kernel reaches.
    pub fn transposed(&self) -> Option<Self> {
        let padding =
            |axis: usize| (self.dilation[axis] * (self.kernel[axis] - 1)).checked_sub(self.padding[axis]);
        (self.stride == [1, 1]).then_some(())?;
        Some(Self {
            channels_in: self.channels_out,
            channels_out: self.channels_in,
            input: self.output,
            output: self.input,
            padding: [padding(0)?, padding(1)?],
            ..self.clone()
        })
    }
}
