//! The linear shift layer.

use crate::linear::linear;
use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::ops::fixed_point;
use super::options::{Rounding, ShiftOptions, ShiftType};
use super::weight::{self, Optional};

/// The fixed point that evaluation gives the bias of a type PS layer, whatever its activation bits are.
const EVALUATION_BIAS_BITS: [u32; 2] = [16, 16];

/// Configuration of a [`ShiftLinear`].
#[derive(Config, Debug)]
pub struct ShiftLinearConfig {
    /// The number of input features.
    pub d_input: usize,
    /// The number of output features.
    pub d_output: usize,
    /// The arithmetic.
    pub shift: ShiftOptions,
    /// Whether a bias is added.
    #[config(default = true)]
    pub bias: bool,
}

/// `y = x W^T + b` with `W` of signed powers of two, to be created with [`ShiftLinearConfig`].
///
/// Either `weight` (type Q), or `shift` and `sign` (type PS), or `sign` and `scale` (type DenseShift) are present.
#[derive(Module, Debug)]
pub struct ShiftLinear {
    /// Unquantized weight `[d_output, d_input]` of type Q.
    pub weight: Option<Param<Tensor<2>>>,
    /// Unrounded exponents `[d_output, d_input]` of type PS.
    pub shift: Option<Param<Tensor<2>>>,
    /// Unrounded signs `[d_output, d_input]` of types PS and DenseShift.
    pub sign: Option<Param<Tensor<2>>>,
    /// Unrounded steps of the exponents `[2^(b-1) - 1, d_output, d_input]` of type DenseShift with `b` bits.
    pub scale: Option<Param<Tensor<3>>>,
    /// `[d_output]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// The arithmetic.
    #[module(skip)]
    pub options: ShiftOptions,
    /// Where stochastic rounding draws from; give every layer another one before every forward pass, see
    /// [`noise_seed`](super::noise_seed).
    #[module(skip)]
    pub noise_seed: u64,
}

impl ShiftLinearConfig {
    /// A layer with the original's random initialization: the bounds of PyTorch for type Q and the bias, `shift` uniform
    /// over its range and `sign` over [-1, 1] for type PS; for type DenseShift `sign` and `scale` are normal with a
    /// standard deviation of 0.001.
    ///
    /// # Panics
    ///
    /// When a number of bits is out of its range.
    pub fn init(&self, device: &Device) -> ShiftLinear {
        let shape = [self.d_output, self.d_input];
        let range = [f64::from(self.shift.lowest_exponent()), 0.0];
        let fields = weight::random(shape, self.d_input, range, &self.shift, device);
        let bias = self.bias.then(|| weight::random_bias(self.d_output, self.d_input, device));
        self.layer(fields, bias)
    }

    /// A layer converted from the `weight` `[d_output, d_input]` and `bias` `[d_output]` of a float layer; the bias of
    /// the configuration is ignored.
    ///
    /// # Panics
    ///
    /// When a number of bits is out of its range or a shape differs from the configuration's.
    pub fn init_from(&self, weight: Tensor<2>, bias: Option<Tensor<1>>) -> ShiftLinear {
        weight::check_shape("the weight", weight.shape(), &[self.d_output, self.d_input]);
        if let Some(bias) = &bias {
            weight::check_shape("the bias", bias.shape(), &[self.d_output]);
        }
        self.layer(weight::converted(weight, &self.shift), bias.map(Param::from_tensor))
    }

    fn layer(&self, (weight, shift, sign, scale): weight::Fields<2, 3>, bias: Optional<1>) -> ShiftLinear {
        self.shift.check();
        ShiftLinear { weight, shift, sign, scale, bias, options: self.shift, noise_seed: 0 }
    }
}

impl ShiftLinear {
    /// Applies the layer to `[.., d_input]`, giving `[.., d_output]`.
    ///
    /// # Panics
    ///
    /// When the last axis of `input` is not `d_input`.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let noise = (self.options.rounding == Rounding::Stochastic).then_some(self.noise_seed);
        let input = match self.options.shift_type {
            ShiftType::Q | ShiftType::DenseShift => fixed_point(input, self.options.activation_bits),
            ShiftType::PS => input,
        };
        linear(input, self.value(noise), self.bias.as_ref().map(Param::val))
    }

    /// The weight `[d_output, d_input]` after deterministic rounding: signed powers of two, zero for type PS.
    pub fn rounded_weight(&self) -> Tensor<2> {
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
        if self.options.shift_type == ShiftType::PS {
            let round = |bias| fixed_point(bias, EVALUATION_BIAS_BITS);
            self.bias = self.bias.map(|bias| weight::update(bias, round));
        }
        self
    }

    fn value(&self, noise: Option<u64>) -> Tensor<2> {
        let fields = (&self.weight, &self.shift, &self.sign, &self.scale);
        weight::value(fields, &self.options, noise)
    }
}
