//! The layers that have parameters, and how each is made from a state dict.

use super::{StateDict, TrainingOptions};
use crate::conv::conv2d;
use crate::linear::linear;
use crate::shift::{ShiftConv2d, ShiftConv2dConfig, ShiftLinear, ShiftLinearConfig, ShiftOptions, ShiftType};
use crate::{Error, Result};
use burn::module::{Module, Param, RunningState};
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};
use deepshift_core::graph::{self, Node, Op, ShiftScheme};

/// A layer of a [`Network`](super::Network).
// Boxing would hide the layers behind a type that Burn's derive does not know.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Layer {
    /// Convolution with f32 weights.
    Conv2d(FloatConv2d),
    /// Fully connected layer with f32 weights.
    Linear(FloatLinear),
    /// Convolution with shift weights.
    ShiftConv2d(ShiftConv2d),
    /// Fully connected layer with shift weights.
    ShiftLinear(ShiftLinear),
    /// Batch normalisation.
    BatchNorm(BatchNorm),
}

/// A convolution with f32 weights.
#[derive(Module, Debug)]
pub struct FloatConv2d {
    /// `[out, in / groups, kernel height, kernel width]`.
    pub weight: Param<Tensor<4>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    options: ConvOptions<2>,
}

/// A fully connected layer with f32 weights in PyTorch's layout.
#[derive(Module, Debug)]
pub struct FloatLinear {
    /// `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl FloatConv2d {
    /// `[n, in, h, w]` to `[n, out, h', w']`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        conv2d(x, self.weight.val(), self.bias.as_ref().map(Param::val), self.options.clone())
    }
}

impl FloatLinear {
    /// `[n, in]` to `[n, out]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        linear(x, self.weight.val(), self.bias.as_ref().map(Param::val))
    }
}

impl Layer {
    /// The layer of a node; `None` where the node has no parameters.
    pub(super) fn from_state(
        node: &Node,
        state: &StateDict,
        options: TrainingOptions,
        device: &Device,
    ) -> Result<Option<Self>> {
        let source = Source { node, state, device };
        Ok(Some(match (&node.op, node.shift_scheme()) {
            (Op::Conv2d(conv), None) => Self::Conv2d(FloatConv2d {
                weight: source.param("weight")?,
                bias: source.bias(conv.bias)?,
                options: float_conv_options(conv),
            }),
            (Op::Linear(linear), None) => {
                Self::Linear(FloatLinear { weight: source.param("weight")?, bias: source.bias(linear.bias)? })
            }
            (Op::Conv2d(conv), Some(scheme)) => Self::ShiftConv2d(source.shift_conv(conv, scheme, options)?),
            (Op::Linear(linear), Some(scheme)) => {
                Self::ShiftLinear(source.shift_linear(linear, scheme, options)?)
            }
            (Op::BatchNorm(norm), _) => Self::BatchNorm(source.batch_norm(norm)?),
            _ => return Ok(None),
        }))
    }
}

fn float_conv_options(conv: &graph::Conv2d) -> ConvOptions<2> {
    let [top, bottom, left, right] = conv.padding;
    ConvOptions::new_with_padding(conv.stride, [(top, bottom), (left, right)], conv.dilation, conv.groups)
}

/// Where a node's parameters come from.
struct Source<'a> {
    node: &'a Node,
    state: &'a StateDict,
    device: &'a Device,
}

impl Source<'_> {
    fn has(&self, suffix: &str) -> bool {
        self.state.contains_key(&format!("{}.{suffix}", self.node.name))
    }

    fn tensor<const D: usize>(&self, suffix: &str) -> Result<Tensor<D>> {
        let name = format!("{}.{suffix}", self.node.name);
        let tensor =
            self.state.get(&name).ok_or_else(|| Error::BadArgument(format!("weights lack {name}")))?;
        let data = TensorData::new(tensor.values.clone(), tensor.shape.clone());
        Ok(Tensor::from_data(data, self.device))
    }

    fn param<const D: usize>(&self, suffix: &str) -> Result<Param<Tensor<D>>> {
        Ok(Param::from_tensor(self.tensor(suffix)?))
    }

    fn bias(&self, wanted: bool) -> Result<Option<Param<Tensor<1>>>> {
        wanted.then(|| self.param("bias")).transpose()
    }

    fn batch_norm(&self, norm: &graph::BatchNorm) -> Result<BatchNorm> {
        if norm.eps <= 0.0 {
            let what = format!("layer {}: a BatchNorm that trains needs an eps above 0", self.node.name);
            return Err(Error::BadArgument(what));
        }
        let mut layer =
            BatchNormConfig::new(norm.channels).with_epsilon(f64::from(norm.eps)).init(self.device);
        layer.gamma = self.param("weight")?;
        layer.beta = self.param("bias")?;
        layer.running_mean = RunningState::new(self.tensor("running_mean")?);
        layer.running_var = RunningState::new(self.tensor("running_var")?);
        Ok(layer)
    }

    fn shift_linear(
        &self,
        linear: &graph::Linear,
        scheme: &ShiftScheme,
        options: TrainingOptions,
    ) -> Result<ShiftLinear> {
        let shift = self.shift_options(scheme, options)?;
        let config = ShiftLinearConfig::new(linear.in_features, linear.out_features, shift);
        let bias = linear.bias.then(|| self.tensor("bias")).transpose()?;
        let mut layer = config.init_from(self.tensor(self.stand_in())?, bias);
        self.replace(&mut layer.shift, "shift")?;
        self.replace(&mut layer.sign, "sign")?;
        self.replace(&mut layer.scale, "scale")?;
        Ok(layer)
    }

    /// A layer that has the parameters of its type is first made from its signs, which have the right shape.
    fn stand_in(&self) -> &'static str {
        if self.has("sign") { "sign" } else { "weight" }
    }

    /// Gives a parameter that the layer was made with its own values, where there are any; what is frozen stays so.
    fn replace<const D: usize>(&self, param: &mut Option<Param<Tensor<D>>>, suffix: &str) -> Result<()> {
        if let Some(made) = param.as_mut().filter(|_| self.has(suffix)) {
            *made = self.param(suffix)?.set_require_grad(made.is_require_grad());
        }
        Ok(())
    }

    fn shift_conv(
        &self,
        conv: &graph::Conv2d,
        scheme: &ShiftScheme,
        options: TrainingOptions,
    ) -> Result<ShiftConv2d> {
        let [top, bottom, left, right] = conv.padding;
        let shift = self.shift_options(scheme, options)?;
        let config = ShiftConv2dConfig::new([conv.in_channels, conv.out_channels], conv.kernel, shift)
            .with_stride(conv.stride)
            .with_padding([top, left])
            .with_padding_end(Some([bottom, right]))
            .with_dilation(conv.dilation)
            .with_groups(conv.groups);
        let bias = conv.bias.then(|| self.tensor("bias")).transpose()?;
        let mut layer = config.init_from(self.tensor(self.stand_in())?, bias);
        self.replace(&mut layer.shift, "shift")?;
        self.replace(&mut layer.sign, "sign")?;
        self.replace(&mut layer.scale, "scale")?;
        Ok(layer)
    }

    fn shift_options(&self, scheme: &ShiftScheme, options: TrainingOptions) -> Result<ShiftOptions> {
        let shift_type = match scheme.format.shift_type {
            deepshift_core::ShiftType::Q if options.sign_scale => ShiftType::DenseShift,
            deepshift_core::ShiftType::Q => ShiftType::Q,
            deepshift_core::ShiftType::PS => ShiftType::PS,
        };
        let mut shift = ShiftOptions::new(shift_type)
            .with_weight_bits(u32::from(scheme.format.bits))
            .with_rounding(options.rounding)
            .with_freeze_sign(options.freeze_sign);
        if let Some(rounding) = scheme.input {
            let (integer, fraction) = rounding.activation_bits().ok_or_else(|| {
                Error::BadArgument(format!("layer {}: {rounding:?} is no (I, F) format", self.node.name))
            })?;
            shift.activation_bits = [integer, fraction];
        }
        Ok(shift)
    }
}
