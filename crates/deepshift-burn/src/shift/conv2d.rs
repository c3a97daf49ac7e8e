//! The 2-D convolution shift layer.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};

use super::circular;
use super::ops::fixed_point;
use super::options::{Rounding, ShiftOptions};
use super::weight::{self, Optional};
use crate::conv::conv2d;

/// The range in which the original draws the initial `shift` of a convolution of type PS.
const INITIAL_SHIFT: [f64; 2] = [-10.0, -1.0];

/// What surrounds a picture.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum PaddingMode {
    /// `padding` zeros on each side.
    Zeros,
    /// The picture itself, wrapped around, `padding` rows or columns in total per axis: the original's reading, half of
    /// PyTorch's.
    Circular,
}

/// Configuration of a [`ShiftConv2d`].
#[derive(Config, Debug)]
pub struct ShiftConv2dConfig {
    /// The number of input and of output channels.
    pub channels: [usize; 2],
    /// Height and width of the kernel.
    pub kernel_size: [usize; 2],
    /// The arithmetic.
    pub shift: ShiftOptions,
    /// Steps down and right.
    #[config(default = "[1, 1]")]
    pub stride: [usize; 2],
    /// Padding of height and width, see [`PaddingMode`].
    #[config(default = "[0, 0]")]
    pub padding: [usize; 2],
    /// Zeros below and to the right where they are not as many as above and to the left.
    #[config(default = "None")]
    pub padding_end: Option<[usize; 2]>,
    /// Spacing of the kernel's elements.
    #[config(default = "[1, 1]")]
    pub dilation: [usize; 2],
    /// The number of groups the channels are split into.
    #[config(default = 1)]
    pub groups: usize,
    /// What surrounds a picture.
    #[config(default = "PaddingMode::Zeros")]
    pub padding_mode: PaddingMode,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
}

/// A 2-D convolution with a weight of signed powers of two, to be created with [`ShiftConv2dConfig`].
///
/// Either `weight` (type Q), or `shift` and `sign` (type PS), or `sign` and `scale` (type DenseShift) are present.
#[derive(Module, Debug)]
pub struct ShiftConv2d {
    /// Unquantized weight `[c_out, c_in / groups, kh, kw]` of type Q.
    pub weight: Option<Param<Tensor<4>>>,
    /// Unrounded exponents `[c_out, c_in / groups, kh, kw]` of type PS.
    pub shift: Option<Param<Tensor<4>>>,
    /// Unrounded signs `[c_out, c_in / groups, kh, kw]` of types PS and DenseShift.
    pub sign: Option<Param<Tensor<4>>>,
    /// Unrounded steps of the exponents `[2^(b-1) - 1, c_out, c_in / groups, kh, kw]` of type DenseShift with `b` bits.
    pub scale: Option<Param<Tensor<5>>>,
    /// `[c_out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// Steps down and right.
    pub stride: [usize; 2],
    /// Padding of height and width; zeros above and to the left.
    pub padding: [usize; 2],
    /// Zeros below and to the right; circular padding does not use it.
    pub padding_end: [usize; 2],
    /// Spacing of the kernel's elements.
    pub dilation: [usize; 2],
    /// The number of groups the channels are split into.
    pub groups: usize,
    /// What surrounds a picture.
    #[module(skip)]
    pub padding_mode: PaddingMode,
    /// The arithmetic.
    #[module(skip)]
    pub options: ShiftOptions,
    /// Where stochastic rounding draws from; give every layer another one before every forward pass, see
    /// [`noise_seed`](super::noise_seed).
    #[module(skip)]
    pub noise_seed: u64,
}

impl ShiftConv2dConfig {
    /// A layer with the original's random initialization: the bounds of PyTorch for type Q and the bias, `shift` uniform
    /// over [-10, -1] and `sign` over [-1, 1] for type PS; for type DenseShift `sign` and `scale` are normal with a
    /// standard deviation of 0.001.
    ///
    /// # Panics
    ///
    /// When a number of bits is out of its range, or the channels cannot be split into the groups.
    pub fn init(&self, device: &Device) -> ShiftConv2d {
        let shape = self.weight_shape();
        let fan_in = shape[1..].iter().product();
        let fields = weight::random(shape, fan_in, INITIAL_SHIFT, &self.shift, device);
        let bias = self.bias.then(|| weight::random_bias(self.channels[1], fan_in, device));
        self.layer(fields, bias)
    }

    /// A layer converted from the `weight` `[c_out, c_in / groups, kh, kw]` and `bias` `[c_out]` of a float layer; the
    /// bias of the configuration is ignored.
    ///
    /// # Panics
    ///
    /// As [`init`](Self::init), and when a shape differs from the configuration's.
    pub fn init_from(&self, weight: Tensor<4>, bias: Option<Tensor<1>>) -> ShiftConv2d {
        weight::check_shape("the weight", weight.shape(), &self.weight_shape());
        if let Some(bias) = &bias {
            weight::check_shape("the bias", bias.shape(), &[self.channels[1]]);
        }
        self.layer(weight::converted(weight, &self.shift), bias.map(Param::from_tensor))
    }

    fn weight_shape(&self) -> [usize; 4] {
        let [input, output] = self.channels;
        let groups = self.groups;
        assert!(
            groups > 0 && input.is_multiple_of(groups) && output.is_multiple_of(groups),
            "{input} input and {output} output channels cannot be split into {groups} groups"
        );
        [output, input / groups, self.kernel_size[0], self.kernel_size[1]]
    }

    fn layer(&self, (weight, shift, sign, scale): weight::Fields<4, 5>, bias: Optional<1>) -> ShiftConv2d {
        self.shift.check();
        ShiftConv2d {
            weight,
            shift,
            sign,
            scale,
            bias,
            stride: self.stride,
            padding: self.padding,
            padding_end: self.padding_end.unwrap_or(self.padding),
            dilation: self.dilation,
            groups: self.groups,
            padding_mode: self.padding_mode,
            options: self.shift,
            noise_seed: 0,
        }
    }
}

impl ShiftConv2d {
    /// Applies the layer to pictures `[n, c_in, h, w]`, giving `[n, c_out, h', w']`.
    ///
    /// # Panics
    ///
    /// When the input has another number of channels, or is smaller than the kernel or the circular padding.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let noise = (self.options.rounding == Rounding::Stochastic).then_some(self.noise_seed);
        let bits = self.options.activation_bits;
        let input = fixed_point(input, bits);
        let bias = self.bias.as_ref().map(|bias| fixed_point(bias.val(), bits));
        let (input, padding) = match self.padding_mode {
            PaddingMode::Zeros => (input, [0, 1].map(|axis| (self.padding[axis], self.padding_end[axis]))),
            PaddingMode::Circular => (circular::pad(input, self.padding), [(0, 0); 2]),
        };
        let options = ConvOptions::new_with_padding(self.stride, padding, self.dilation, self.groups);
        conv2d(input, self.value(noise), bias, options)
    }

    /// The weight `[c_out, c_in / groups, kh, kw]` after deterministic rounding: signed powers of two, zero for type PS.
    pub fn rounded_weight(&self) -> Tensor<4> {
        self.value(None)
    }

    /// The layer with its parameters clamped to their ranges, as the original's forward leaves them: to be called
    /// before every forward pass whose gradients are applied.
    pub fn clamp_parameters(mut self) -> Self {
        let fields = (self.weight, self.shift, self.sign, self.scale);
        (self.weight, self.shift, self.sign, self.scale) = weight::clamped(fields, &self.options);
        self
    }

    /// The layer with its parameters rounded (deterministically) as the original evaluates and saves it.
    pub fn rounded(mut self) -> Self {
        let fields = (self.weight, self.shift, self.sign, self.scale);
        (self.weight, self.shift, self.sign, self.scale) = weight::rounded(fields, &self.options);
        let round = |bias| fixed_point(bias, self.options.activation_bits);
        self.bias = self.bias.map(|bias| weight::update(bias, round));
        self
    }

    fn value(&self, noise: Option<u64>) -> Tensor<4> {
        let fields = (&self.weight, &self.shift, &self.sign, &self.scale);
        weight::value(fields, &self.options, noise)
    }
}
