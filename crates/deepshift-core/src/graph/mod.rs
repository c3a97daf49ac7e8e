//! A network as data: nodes by name, in the order in which they can be computed.

mod activation;
mod build;
mod movement;
mod properties;
mod shape;

pub use activation::{Activation, Expressions, OnnxForm};
pub use build::GraphBuilder;
pub use movement::{IndexMap, Movement, Pad, PadMode, PadShortcut, Slice};
pub use properties::{Layer, Properties, Values};
pub(crate) use shape::TotalElements;
pub use shape::{MAX_ELEMENTS, MAX_TOTAL_ELEMENTS, pooled_size};

use crate::fixed::FixedPoint;
use crate::{Error, Result, ShiftFormat};
use serde::Serialize;
use std::collections::BinaryHeap;

/// A network that maps one picture (or vector) to logits. Batches are the executors' matter: no shape here has a
/// batch axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graph {
    /// Name of the architecture, such as `simple_conv`.
    pub name: String,
    /// Nodes; each one's inputs come before it. The first is the input.
    pub nodes: Vec<Node>,
    /// The nodes whose values are the network's results: the logits first, then auxiliary heads that only training
    /// uses.
    pub outputs: Vec<usize>,
    /// What a user applies to the logits, after the graph and in float.
    pub head: Head,
}

/// What follows the logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Head {
    /// The logits are the result.
    Logits,
    /// Log-softmax, as in the original's MNIST networks.
    LogSoftmax,
}

/// One operation and where its operands come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// PyTorch's module name, such as `layer1.0.conv1`: parameters are `<name>.weight`, `<name>.bias` and so on.
    pub name: String,
    /// What is computed.
    pub op: Op,
    /// Indices of the nodes that give the operands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<usize>,
}

/// The operations. Pictures are `[channels, height, width]`, vectors `[features]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// The network's input, of this shape.
    Input(Vec<usize>),
    /// 2-d convolution, padded with zeros.
    Conv2d(Conv2d),
    /// Fully connected layer.
    Linear(Linear),
    /// Batch normalisation with running statistics; training uses the batch's.
    BatchNorm(BatchNorm),
    /// A function of each element.
    Activation(Activation),
    /// Largest value of each window; padding never wins.
    MaxPool(Pool),
    /// Mean of each window; padding counts as zeros.
    AvgPool(Pool),
    /// Mean of the windows that PyTorch's `adaptive_avg_pool2d` makes for this output height and width.
    AdaptiveAvgPool([usize; 2]),
    /// Sum of all operands.
    Add,
    /// Product of two operands; the second may be `[channels, 1, 1]`.
    Multiply,
    /// Operands one after the other along the channels.
    Concat,
    /// Zeroes elements with this probability in training.
    Dropout(f32),
    /// Zeroes the whole branch of a picture with this probability in training (stochastic depth).
    DropPath(f32),
    /// Values in other places, by their names in files.
    #[serde(untagged)]
    Move(Movement),
}

/// Geometry and weight of a convolution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conv2d {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Height and width.
    pub kernel: [usize; 2],
    /// Down and right.
    #[serde(skip_serializing_if = "is_one_by_one")]
    pub stride: [usize; 2],
    /// Zeros at the top, bottom, left and right.
    #[serde(skip_serializing_if = "is_zero_padding")]
    pub padding: [usize; 4],
    /// Down and right.
    #[serde(skip_serializing_if = "is_one_by_one")]
    pub dilation: [usize; 2],
    /// Groups of channels that do not mix.
    #[serde(skip_serializing_if = "is_one")]
    pub groups: usize,
    /// Whether there is a bias.
    pub bias: bool,
    /// Float or shift.
    #[serde(skip_serializing_if = "WeightKind::is_float")]
    pub weight: WeightKind,
}

/// Sizes and weight of a fully connected layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linear {
    /// Length of the input.
    pub in_features: usize,
    /// Length of the output.
    pub out_features: usize,
    /// Whether there is a bias.
    pub bias: bool,
    /// Float or shift.
    #[serde(skip_serializing_if = "WeightKind::is_float")]
    pub weight: WeightKind,
}

/// What the weights of a layer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightKind {
    /// Ordinary f32 weights.
    #[default]
    Float,
    /// Powers of two.
    Shift(ShiftScheme),
}

impl WeightKind {
    fn is_float(&self) -> bool {
        *self == Self::Float
    }
}

/// How a shift layer computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ShiftScheme {
    /// Type and width of the codes.
    pub format: ShiftFormat,
    /// Fixed point to which the layer's input is rounded (down) in float mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<FixedPoint>,
    /// Fixed point to which the bias is rounded (down) in float mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<FixedPoint>,
}

/// Batch normalisation: `(x - running_mean) / sqrt(running_var + eps) * weight + bias`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BatchNorm {
    /// Channels (or features).
    pub channels: usize,
    /// Added to the variance.
    pub eps: f32,
}

/// Windows of a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Down and right.
    pub stride: [usize; 2],
    /// On both sides of each axis; at most half the kernel.
    #[serde(skip_serializing_if = "is_zero_pair")]
    pub padding: [usize; 2],
    /// Whether a last window that leaves the picture counts too, as PyTorch's `ceil_mode`.
    #[serde(skip_serializing_if = "is_false")]
    pub ceil_mode: bool,
}

impl Graph {
    /// The shape of the input.
    pub fn input_shape(&self) -> &[usize] {
        match self.nodes.first() {
            Some(Node { op: Op::Input(shape), .. }) => shape,
            _ => &[],
        }
    }

    /// Index of the node whose values are the logits.
    pub fn logits(&self) -> usize {
        self.outputs.first().copied().unwrap_or(0)
    }

    /// Index of the node of this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    /// Whether the logits depend on each node; auxiliary heads are for training.
    pub fn needed(&self) -> Vec<bool> {
        needed(self.nodes.iter().map(|node| node.inputs.as_slice()), self.logits())
    }

    /// For each node, those it is an input of, as often as it is.
    pub fn users(&self) -> Vec<Vec<usize>> {
        let mut users = vec![Vec::new(); self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&input| users[input].push(index));
        }
        users
    }

    /// The parameters and running statistics of the network, as PyTorch names, shapes and orders them. The weight of
    /// a shift layer is listed as `<name>.weight` whatever its type.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        self.nodes.iter().flat_map(Node::parameters).collect()
    }
}

/// Whether the output depends on each node, from the operands of each, which come before it.
pub fn needed<'a>(operands: impl Iterator<Item = &'a [usize]>, output: usize) -> Vec<bool> {
    let operands: Vec<&[usize]> = operands.collect();
    let mut needed: Vec<bool> = (0..operands.len()).map(|index| index == output).collect();
    for (index, inputs) in operands.iter().enumerate().rev() {
        for &input in inputs.iter().filter(|&&input| input < index) {
            needed[input] |= needed[index];
        }
    }
    needed
}

impl Node {
    /// Names and shapes of this node's parameters and running statistics.
    pub fn parameters(&self) -> Vec<(String, Vec<usize>)> {
        let named = |suffix: &str, shape: Vec<usize>| (format!("{}.{suffix}", self.name), shape);
        match &self.op {
            Op::Conv2d(conv) => {
                let mut list = vec![named("weight", conv.weight_shape())];
                list.extend(conv.bias.then(|| named("bias", vec![conv.out_channels])));
                list
            }
            Op::Linear(linear) => {
                let mut list = vec![named("weight", vec![linear.out_features, linear.in_features])];
                list.extend(linear.bias.then(|| named("bias", vec![linear.out_features])));
                list
            }
            Op::BatchNorm(norm) => ["weight", "bias", "running_mean", "running_var"]
                .map(|suffix| named(suffix, vec![norm.channels]))
                .into(),
            Op::Input(_)
            | Op::Activation(_)
            | Op::MaxPool(_)
            | Op::AvgPool(_)
            | Op::AdaptiveAvgPool(_)
            | Op::Add
            | Op::Multiply
            | Op::Concat
            | Op::Move(_)
            | Op::Dropout(_)
            | Op::DropPath(_) => Vec::new(),
        }
    }

    /// The scheme of a shift layer; `None` for float layers and everything else.
    pub fn shift_scheme(&self) -> Option<&ShiftScheme> {
        match self.op.properties().layer? {
            Layer { weight: WeightKind::Shift(scheme), .. } => Some(scheme),
            Layer { weight: WeightKind::Float, .. } => None,
        }
    }
}

/// Shape of one picture; a vector is a picture of one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

// Inlined where executors use it: as calls it would add half a kilobyte to what browsers load.
impl Shape {
    /// From a graph's `[channels, height, width]` or `[features]`.
    #[inline]
    pub fn new(shape: &[usize]) -> Self {
        let at = |axis: usize| shape.get(axis).copied().unwrap_or(1);
        Self { channels: at(0), height: at(1), width: at(2) }
    }

    /// Pixels of a picture.
    #[inline]
    pub fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Values of a picture.
    #[inline]
    pub fn elements(self) -> usize {
        self.channels * self.pixels()
    }

    /// Quads of four channels in a pixel, of which the last may hold fewer.
    #[inline]
    pub fn quads(self) -> usize {
        self.channels.div_ceil(4)
    }
}

impl Conv2d {
    /// What a layer computes: a linear one is a 1x1 convolution over a picture of one pixel. `None` for other operations.
    pub fn of_layer(op: &Op) -> Option<Self> {
        match op {
            Op::Conv2d(conv) => Some(conv.clone()),
            Op::Linear(linear) => Some(Self::square(linear.in_features, linear.out_features, 1)),
            Op::Input(_)
            | Op::BatchNorm(_)
            | Op::Activation(_)
            | Op::MaxPool(_)
            | Op::AvgPool(_)
            | Op::AdaptiveAvgPool(_)
            | Op::Add
            | Op::Multiply
            | Op::Concat
            | Op::Move(_)
            | Op::Dropout(_)
            | Op::DropPath(_) => None,
        }
    }

    /// Input channels of one group.
    pub fn group_in(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of one group.
    pub fn group_out(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Positions of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// One input channel for each output channel, alone.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.group_in() == 1 && self.group_out() == 1
    }

    /// `[out, in / groups, kernel height, kernel width]`.
    pub fn weight_shape(&self) -> Vec<usize> {
        vec![self.out_channels, self.in_channels / self.groups.max(1), self.kernel[0], self.kernel[1]]
    }
}

fn is_one(x: &usize) -> bool {
    *x == 1
}
fn is_one_by_one(x: &[usize; 2]) -> bool {
    *x == [1, 1]
}
fn is_zero_padding(x: &[usize; 4]) -> bool {
    *x == [0; 4]
}
fn is_zero_pair(x: &[usize; 2]) -> bool {
    *x == [0; 2]
}
fn is_false(x: &bool) -> bool {
    !x
}

pub(crate) fn node_error(node: &str, what: impl std::fmt::Display) -> Error {
    Error::BadArgument(format!("node {node}: {what}"))
}

/// Checks that inputs come before their users and that every name is used once.
pub(crate) fn check_order<'a>(nodes: impl Iterator<Item = (&'a str, &'a [usize])>) -> Result<()> {
    // A page loads this code: a heap is a sixth of what sorting or a set takes.
    let mut names = BinaryHeap::new();
    for (index, (name, inputs)) in nodes.enumerate() {
        names.push(name);
        if let Some(bad) = inputs.iter().find(|&&input| input >= index) {
            return Err(node_error(name, format!("input {bad} does not come before it")));
        }
    }
    while let Some(name) = names.pop() {
        if names.peek() == Some(&name) {
            return Err(node_error(name, "the name is used twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_output_depends_on() {
        let operands: [&[usize]; 5] = [&[], &[0], &[0], &[1, 0], &[3]];
        assert_eq!(needed(operands.into_iter(), 3), [true, true, false, true, false]);
    }
}
