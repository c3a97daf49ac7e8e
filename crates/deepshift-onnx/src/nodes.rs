//! One operation of our graph as ONNX operators.

use crate::Result;
use crate::adaptive::window_weights;
use crate::build::{Builder, float, int, ints, text};
use deepshift_core::FixedPoint;
use deepshift_core::graph::{
    Activation, Conv2d, Movement, Node, OnnxForm, Op, Pad, PadMode, PadShortcut, Pool, Slice,
};

impl Builder<'_> {
    /// Adds the operators of a node and returns the name of its value.
    pub fn add_node(&mut self, index: usize) -> Result<String> {
        let model = self.model;
        let node = &model.graph.nodes[index];
        let operands = self.operands(index);
        let x = operands[0].as_str();
        let value = value_name(node);
        let name = value.as_str();
        let plain = |builder: &mut Self, operator: &str, attributes| {
            let inputs: Vec<&str> = operands.iter().map(String::as_str).collect();
            builder.node(operator, name, &inputs, attributes)
        };
        Ok(match &node.op {
            Op::Input(_) | Op::Dropout(_) | Op::DropPath(_) => x.to_owned(),
            Op::Conv2d(conv) => self.layer(node, x, conv.bias, "Conv", conv_attributes(conv))?,
            Op::Linear(linear) => self.layer(node, x, linear.bias, "Gemm", vec![int("transB", 1)])?,
            Op::BatchNorm(norm) => {
                let parameters = ["weight", "bias", "running_mean", "running_var"];
                let mut inputs = vec![x.to_owned()];
                for suffix in parameters {
                    inputs.push(self.parameter(node, suffix)?);
                }
                let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
                self.node("BatchNormalization", name, &inputs, vec![float("epsilon", norm.eps)])
            }
            Op::Activation(activation) => self.activation(name, x, *activation),
            Op::MaxPool(pool) => plain(self, "MaxPool", pool_attributes(pool)),
            Op::AvgPool(pool) => {
                let mut attributes = pool_attributes(pool);
                attributes.push(int("count_include_pad", 1));
                plain(self, "AveragePool", attributes)
            }
            Op::AdaptiveAvgPool([1, 1]) => plain(self, "GlobalAveragePool", vec![]),
            Op::AdaptiveAvgPool(size) => {
                let input = self.shapes[node.inputs[0]].clone();
                self.adaptive_pool(name, x, &input, *size)
            }
            Op::Add if operands.len() == 2 => plain(self, "Add", vec![]),
            Op::Add => plain(self, "Sum", vec![]),
            Op::Multiply => plain(self, "Mul", vec![]),
            Op::Concat => plain(self, "Concat", vec![int("axis", 1)]),
            Op::Move(movement) => self.movement((name, x), movement, &self.shapes[index].clone()),
        })
    }

    /// A convolution or linear layer, with the roundings of a shift layer before it.
    fn layer(
        &mut self,
        node: &Node,
        x: &str,
        has_bias: bool,
        operator: &str,
        attributes: Vec<crate::proto::Attribute>,
    ) -> Result<String> {
        let scheme = node.shift_scheme();
        let x = match scheme.and_then(|scheme| scheme.input) {
            Some(format) => self.round_down(&value_name(node), x, format),
            None => x.to_owned(),
        };
        let mut inputs = vec![x, self.parameter(node, "weight")?];
        if has_bias {
            let mut bias = self.model.values(&node.name, "bias")?.into_owned();
            if let Some(format) = scheme.and_then(|scheme| scheme.bias) {
                bias.iter_mut().for_each(|bias| *bias = format.floor(*bias));
            }
            inputs.push(self.floats(format!("{}.bias", node.name), &[bias.len()], &bias));
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Ok(self.node(operator, &value_name(node), &inputs, attributes))
    }

    fn parameter(&mut self, node: &Node, suffix: &str) -> Result<String> {
        let name = format!("{}.{suffix}", node.name);
        let values = self.model.values(&node.name, suffix)?;
        let dims = self.model.tensors.get(&name).map_or(&[][..], |tensor| tensor.shape()).to_vec();
        Ok(self.floats(name, &dims, &values))
    }

    /// `clamp(floor(x * 2^F), lowest, highest) * 2^-F`.
    fn round_down(&mut self, name: &str, x: &str, format: FixedPoint) -> String {
        let step = (-f64::from(format.fraction_bits)).exp2() as f32;
        let named = |what: &str| format!("{name}/input/{what}");
        let unit = self.floats(named("steps"), &[], &[step.recip()]);
        let step = self.floats(named("step"), &[], &[step]);
        let lowest = self.floats(named("lowest"), &[], &[format.lowest as f32]);
        let highest = self.floats(named("highest"), &[], &[format.highest as f32]);
        let scaled = self.node("Mul", &named("scaled"), &[x, &unit], vec![]);
        let floor = self.node("Floor", &named("floor"), &[&scaled], vec![]);
        let clipped = self.node("Clip", &named("clipped"), &[&floor, &lowest, &highest], vec![]);
        self.node("Mul", &named("rounded"), &[&clipped, &step], vec![])
    }

    fn activation(&mut self, name: &str, x: &str, activation: Activation) -> String {
        match activation.onnx() {
            OnnxForm::Operator(operator) => self.node(operator, name, &[x], vec![]),
            OnnxForm::Clip([lowest, highest]) => {
                let lowest = self.floats(format!("{name}/lowest"), &[], &[lowest]);
                let highest = self.floats(format!("{name}/highest"), &[], &[highest]);
                self.node("Clip", name, &[x, &lowest, &highest], vec![])
            }
            OnnxForm::Gated(operator) => {
                let gate = self.node(operator, &format!("{name}/gate"), &[x], vec![]);
                self.node("Mul", name, &[x, &gate], vec![])
            }
        }
    }

    /// Values in other places, with an output of this shape.
    fn movement(&mut self, (name, x): (&str, &str), movement: &Movement, shape: &[usize]) -> String {
        match movement {
            Movement::Flatten => self.node("Flatten", name, &[x], vec![int("axis", 1)]),
            Movement::Reshape(_) => self.reshape(name, x, shape),
            Movement::Transpose(axes) => {
                let order = ints("perm", &[0, axes[0] + 1, axes[1] + 1, axes[2] + 1]);
                self.node("Transpose", name, &[x], vec![order])
            }
            Movement::Slice(Slice { axis, start, end, step }) => {
                self.slice(name, x, &[axis + 1], [&[*start], &[*end], &[*step]])
            }
            Movement::ChannelShuffle(groups) => self.channel_shuffle(name, x, *groups, shape),
            Movement::PadShortcut(shortcut) => self.pad_shortcut(name, x, shortcut),
            Movement::Pad(Pad { padding: [top, bottom, left, right], mode }) => {
                let pads = [0, 0, *top, *left, 0, 0, *bottom, *right].map(|size| size as i64);
                let pads = self.integers(format!("{name}/pads"), &pads);
                let mode = match mode {
                    PadMode::Zeros => "constant",
                    PadMode::Edge => "edge",
                    PadMode::Reflect => "reflect",
                };
                self.node("Pad", name, &[x, &pads], vec![text("mode", mode)])
            }
            Movement::ResizeNearest(_) => self.resize_nearest(name, x, shape),
            Movement::PixelShuffle(factor) => {
                self.node("DepthToSpace", name, &[x], vec![int("blocksize", *factor), text("mode", "CRD")])
            }
        }
    }

    fn reshape(&mut self, name: &str, x: &str, shape: &[usize]) -> String {
        // 0 is the number of pictures.
        let sizes: Vec<i64> = std::iter::once(0).chain(shape.iter().map(|&size| size as i64)).collect();
        let sizes = self.integers(format!("{name}/shape"), &sizes);
        self.node("Reshape", name, &[x, &sizes], vec![])
    }

    /// ONNX's `asymmetric` and `floor` are what PyTorch calls `nearest`.
    fn resize_nearest(&mut self, name: &str, x: &str, shape: &[usize]) -> String {
        let size = self.node("Shape", &format!("{name}/input"), &[x], vec![int("start", 0), int("end", 1)]);
        let picture: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        let picture = self.integers(format!("{name}/picture"), &picture);
        let sizes = self.node("Concat", &format!("{name}/sizes"), &[&size, &picture], vec![int("axis", 0)]);
        let attributes = vec![
            text("coordinate_transformation_mode", "asymmetric"),
            text("mode", "nearest"),
            text("nearest_mode", "floor"),
        ];
        self.node("Resize", name, &[x, "", "", &sizes], attributes)
    }

    /// The mean over unequal windows is a product with a matrix from each side.
    fn adaptive_pool(&mut self, name: &str, x: &str, input: &[usize], size: [usize; 2]) -> String {
        let [height, width] = [input[1], input[2]];
        let rows = window_weights(height, size[0]);
        let columns = window_weights(width, size[1]);
        let transposed: Vec<f32> = (0..width)
            .flat_map(|x| (0..size[1]).map(move |y| (x, y)))
            .map(|(x, y)| columns[y * width + x])
            .collect();
        let rows = self.floats(format!("{name}/rows"), &[size[0], height], &rows);
        let columns = self.floats(format!("{name}/columns"), &[width, size[1]], &transposed);
        let means = self.node("MatMul", &format!("{name}/vertical"), &[&rows, x], vec![]);
        self.node("MatMul", name, &[&means, &columns], vec![])
    }

    /// Parts of some axes: `[starts, ends, steps]`.
    fn slice(&mut self, name: &str, x: &str, axes: &[usize], [starts, ends, steps]: [&[usize]; 3]) -> String {
        let mut constant = |what: &str, values: &[usize]| {
            // An end beyond the axis means all of it.
            let values: Vec<i64> = values.iter().map(|&value| value.min(i64::MAX as usize) as i64).collect();
            self.integers(format!("{name}/{what}"), &values)
        };
        let names = [
            constant("starts", starts),
            constant("ends", ends),
            constant("axes", axes),
            constant("steps", steps),
        ];
        let mut inputs = vec![x];
        inputs.extend(names.iter().map(String::as_str));
        self.node("Slice", name, &inputs, vec![])
    }

    fn channel_shuffle(&mut self, name: &str, x: &str, groups: usize, shape: &[usize]) -> String {
        let each = shape[0] / groups;
        let apart = [0, groups as i64, each as i64, shape[1] as i64, shape[2] as i64];
        let apart = self.integers(format!("{name}/apart"), &apart);
        let split = self.node("Reshape", &format!("{name}/split"), &[x, &apart], vec![]);
        let order = ints("perm", &[0, 2, 1, 3, 4]);
        let swapped = self.node("Transpose", &format!("{name}/swapped"), &[&split], vec![order]);
        self.reshape(name, &swapped, shape)
    }

    fn pad_shortcut(&mut self, name: &str, x: &str, shortcut: &PadShortcut) -> String {
        let stride = shortcut.stride;
        let all = usize::MAX;
        let thinned =
            self.slice(&format!("{name}/thinned"), x, &[2, 3], [&[0, 0], &[all, all], &[stride, stride]]);
        let pads = [0, shortcut.before as i64, 0, 0, 0, shortcut.after as i64, 0, 0];
        let pads = self.integers(format!("{name}/pads"), &pads);
        self.node("Pad", name, &[&thinned, &pads], vec![])
    }
}

/// Parameters keep PyTorch's names; the stroke keeps values apart from them and from `input` and `logits`.
fn value_name(node: &Node) -> String {
    format!("/{}", node.name)
}

fn conv_attributes(conv: &Conv2d) -> Vec<crate::proto::Attribute> {
    let [top, bottom, left, right] = conv.padding;
    vec![
        ints("kernel_shape", &conv.kernel),
        ints("strides", &conv.stride),
        ints("pads", &[top, left, bottom, right]),
        ints("dilations", &conv.dilation),
        int("group", conv.groups),
    ]
}

fn pool_attributes(pool: &Pool) -> Vec<crate::proto::Attribute> {
    let [vertical, horizontal] = pool.padding;
    vec![
        ints("kernel_shape", &pool.kernel),
        ints("strides", &pool.stride),
        ints("pads", &[vertical, horizontal, vertical, horizontal]),
        int("ceil_mode", usize::from(pool.ceil_mode)),
    ]
}
