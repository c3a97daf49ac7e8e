//! What all families are built from: values that know their channels, layers that come together, PyTorch's module names.

use deepshift_core::graph::{Activation, BatchNorm, Conv2d, Graph, GraphBuilder, Movement, Op, Pool};

/// A node's value: a picture of so many channels, or a vector of so many features.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    pub node: usize,
    pub channels: usize,
}

impl Value {
    /// A square convolution of this value that keeps the picture's size at stride 1.
    pub fn conv(self, out_channels: usize, kernel: usize) -> Conv2d {
        Conv2d::square(self.channels, out_channels, kernel).padded(kernel / 2)
    }

    /// [`Value::conv`] in which each channel has its own kernels.
    pub fn depthwise(self, out_channels: usize, kernel: usize) -> Conv2d {
        Conv2d { groups: self.channels, ..self.conv(out_channels, kernel) }
    }
}

/// Names of a convolution's module and of those of the batch normalisation and the activation beside it.
pub(crate) struct Names {
    pub conv: String,
    pub norm: String,
    pub activation: String,
}

impl Names {
    /// `conv2`, `bn2` and `relu2` of a module; `scope` ends in a dot unless it is empty.
    pub fn numbered(scope: &str, number: usize) -> Self {
        let name = |kind: &str| format!("{scope}{kind}{number}");
        Self { conv: name("conv"), norm: name("bn"), activation: name("relu") }
    }

    /// Three neighbours in a `Sequential`: `features.4`, `features.5` and `features.6`.
    pub fn sequential(scope: &str, first: usize) -> Self {
        let name = |offset: usize| format!("{scope}{}", first + offset);
        Self { conv: name(0), norm: name(1), activation: name(2) }
    }
}

/// A graph on its way.
pub(crate) struct Net {
    builder: GraphBuilder,
    eps: f32,
    same_padding: bool,
}

impl Net {
    /// Starts with a colour picture of this height and width.
    pub fn new(name: &str, size: usize) -> (Self, Value) {
        let builder = GraphBuilder::new(name, &[3, size, size]);
        let net = Self { builder, eps: 1e-5, same_padding: false };
        (net, Value { node: 0, channels: 3 })
    }

    /// With another `eps` of batch normalisation than PyTorch's 1e-5.
    pub fn with_eps(self, eps: f32) -> Self {
        Self { eps, ..self }
    }

    /// With TensorFlow's padding "SAME" of convolutions that halve an even number of pixels: one zero fewer at the top
    /// and on the left.
    pub fn with_same_padding(self) -> Self {
        Self { same_padding: true, ..self }
    }

    /// An operation that keeps the number of channels.
    pub fn op(&mut self, name: &str, op: Op, x: Value) -> Value {
        Value { node: self.builder.op(name, op, &[x.node]), ..x }
    }

    /// A convolution.
    pub fn conv(&mut self, name: &str, x: Value, mut conv: Conv2d) -> Value {
        if self.same_padding && conv.stride == [2; 2] {
            conv.padding[0] -= 1;
            conv.padding[2] -= 1;
        }
        let channels = conv.out_channels;
        Value { node: self.builder.conv(name, x.node, conv), channels }
    }

    /// Batch normalisation.
    pub fn norm(&mut self, name: &str, x: Value) -> Value {
        self.op(name, Op::BatchNorm(BatchNorm { channels: x.channels, eps: self.eps }), x)
    }

    /// A function of each element.
    pub fn activation(&mut self, name: &str, activation: Activation, x: Value) -> Value {
        self.op(name, Op::Activation(activation), x)
    }

    /// ReLU.
    pub fn relu(&mut self, name: &str, x: Value) -> Value {
        self.activation(name, Activation::Relu, x)
    }

    /// Convolution and batch normalisation.
    pub fn conv_norm(&mut self, names: &Names, x: Value, conv: Conv2d) -> Value {
        let x = self.conv(&names.conv, x, conv);
        self.norm(&names.norm, x)
    }

    /// Convolution, batch normalisation and an activation.
    pub fn conv_norm_act(&mut self, names: &Names, x: Value, conv: Conv2d, activation: Activation) -> Value {
        let x = self.conv_norm(names, x, conv);
        self.activation(&names.activation, activation, x)
    }

    /// Convolution, batch normalisation and ReLU.
    pub fn conv_norm_relu(&mut self, names: &Names, x: Value, conv: Conv2d) -> Value {
        self.conv_norm_act(names, x, conv, Activation::Relu)
    }

    /// Batch normalisation, ReLU and then the convolution (He et al. 2016, "Identity Mappings").
    pub fn norm_relu_conv(&mut self, names: &Names, x: Value, conv: Conv2d) -> Value {
        let x = self.norm(&names.norm, x);
        let x = self.relu(&names.activation, x);
        self.conv(&names.conv, x, conv)
    }

    /// The sum of values of one shape.
    pub fn add(&mut self, name: &str, values: &[Value]) -> Value {
        Value { node: self.builder.op(name, Op::Add, &nodes(values)), ..values[0] }
    }

    /// The channels of all values one after the other; of one value, that value.
    pub fn concat(&mut self, name: &str, values: &[Value]) -> Value {
        if let [value] = values {
            return *value;
        }
        let channels = values.iter().map(|value| value.channels).sum();
        Value { node: self.builder.op(name, Op::Concat, &nodes(values)), channels }
    }

    /// Channels `start..end`.
    pub fn slice(&mut self, name: &str, x: Value, start: usize, end: usize) -> Value {
        Value { channels: end - start, ..self.op(name, Op::Move(Movement::channels([start, end])), x) }
    }

    /// DenseNet's stage: every layer takes the input and what all layers before it gave.
    pub fn dense(
        &mut self,
        x: Value,
        layers: usize,
        scope: &str,
        layer: impl Fn(&mut Self, usize, Value) -> Value,
    ) -> Value {
        let mut values = vec![x];
        for index in 0..layers {
            let joined = self.concat(&format!("{scope}concat{index}"), &values);
            values.push(layer(self, index, joined));
        }
        self.concat(&format!("{scope}concat{layers}"), &values)
    }

    /// Every channel times the gate that squeeze-and-excitation gives it (Hu et al. 2018): mean, 1x1 convolution to
    /// a sixteenth of the channels, ReLU, 1x1 convolution, sigmoid.
    pub fn squeeze_excite(&mut self, scope: &str, x: Value) -> Value {
        let name = |part: &str| format!("{scope}{part}");
        let mut gate = self.op(&name("squeeze"), Op::AdaptiveAvgPool([1, 1]), x);
        gate = self.conv(&name("fc1"), gate, gate.conv(x.channels / 16, 1).biased());
        gate = self.relu(&name("fc1_relu"), gate);
        gate = self.conv(&name("fc2"), gate, gate.conv(x.channels, 1).biased());
        gate = self.activation(&name("gate"), Activation::Sigmoid, gate);
        Value { node: self.builder.op(&name("excite"), Op::Multiply, &[x.node, gate.node]), ..x }
    }

    /// The picture of so many pixels as one vector.
    pub fn flatten(&mut self, name: &str, x: Value, pixels: usize) -> Value {
        Value { channels: x.channels * pixels, ..self.op(name, Op::Move(Movement::Flatten), x) }
    }

    /// A fully connected layer with bias.
    pub fn linear(&mut self, name: &str, x: Value, out_features: usize) -> Value {
        let node = self.builder.linear(name, x.node, x.channels, out_features);
        Value { node, channels: out_features }
    }

    /// The mean of each channel as a vector.
    pub fn global_mean(&mut self, x: Value) -> Value {
        let x = self.op("avgpool", Op::AdaptiveAvgPool([1, 1]), x);
        self.flatten("flatten", x, 1)
    }

    /// The graph whose logits are the means of the channels through one linear layer.
    pub fn classify(mut self, linear: &str, x: Value, classes: usize) -> Graph {
        let x = self.global_mean(x);
        let logits = self.linear(linear, x, classes);
        self.finish(&[logits])
    }

    /// The graph with these results, the logits first.
    pub fn finish(self, outputs: &[Value]) -> Graph {
        Graph { outputs: nodes(outputs), ..self.builder.finish(0) }
    }
}

fn nodes(values: &[Value]) -> Vec<usize> {
    values.iter().map(|value| value.node).collect()
}

/// Square windows; `ceil_mode` is off.
pub(crate) fn pool(kernel: usize, stride: usize, padding: usize) -> Pool {
    Pool { kernel: [kernel; 2], stride: [stride; 2], padding: [padding; 2], ceil_mode: false }
}

/// Where a block stands in a network of stages.
pub(crate) struct Place<'a> {
    /// Prefix of the block's names, such as `layer2.0.`.
    pub scope: &'a str,
    /// Counted from 0.
    pub stage: usize,
    /// Whether it is its stage's first.
    pub first: bool,
}

impl Place<'_> {
    /// 2 where a stage other than the first one begins.
    pub fn stride(&self) -> usize {
        if self.first && self.stage > 0 { 2 } else { 1 }
    }

    /// The name of a part of the block.
    pub fn name(&self, part: &str) -> String {
        format!("{}{part}", self.scope)
    }
}

/// Stages `layer1`, `layer2` ... of so many blocks, one after the other.
pub(crate) fn stages(
    net: &mut Net,
    mut x: Value,
    counts: &[usize],
    block: impl Fn(&mut Net, &Place, Value) -> Value,
) -> Value {
    for (stage, &count) in counts.iter().enumerate() {
        for index in 0..count {
            let scope = format!("layer{}.{index}.", stage + 1);
            x = block(net, &Place { scope: &scope, stage, first: index == 0 }, x);
        }
    }
    x
}
