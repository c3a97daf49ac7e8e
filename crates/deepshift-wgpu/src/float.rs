//! Float networks as operations on the GPU.

use crate::gpu::Traits;
use crate::integer::Coding;
use crate::layer::{Geometry, Layer, Path};
use crate::network::{Element, Network, OPERAND, Operation, PARAMETERS, Program, Shape, Value, WEIGHTS};
use crate::operations;
use crate::shader::Shader;
use crate::weights::{codes, fields, naive, plain};
use crate::{Error, Result};
use deepshift_core::graph::{Activation, BatchNorm, Node, Op};
use deepshift_core::round::exp2;
use deepshift_core::{FixedPoint, Kernel, Model, ShiftWeight};
use deepshift_shaders as wgsl;

/// Puts the operations of a model's float graph together.
pub fn network(model: &Model, kernel: Kernel, traits: Traits) -> Result<Network> {
    if kernel == Kernel::Shift {
        return Err(Error::BadArgument(
            "there is no shift kernel in float mode: use integer mode, or dot or naive-multiply".into(),
        ));
    }
    let graph = &model.graph;
    let shapes: Vec<Shape> = graph.shapes()?.iter().map(|shape| Shape::new(shape)).collect();
    let output = graph.logits();
    let needed = deepshift_core::graph::needed(graph.nodes.iter().map(|node| node.inputs.as_slice()), output);
    let network = Network::new(Value { shape: shapes[0], element: Element::Float });
    let mut lowering = Lowering { model, kernel, traits, shapes, network, values: vec![0] };
    for (index, &needed) in needed.iter().enumerate().take(output + 1).skip(1) {
        let value = if needed { lowering.node(index)? } else { 0 };
        lowering.values.push(value);
    }
    lowering.network.output = lowering.values[output];
    Ok(lowering.network)
}

struct Lowering<'a> {
    model: &'a Model,
    kernel: Kernel,
    traits: Traits,
    shapes: Vec<Shape>,
    network: Network,
    /// The value of each node.
    values: Vec<usize>,
}

/// What the largest of a window starts from: f32's lowest number has no decimal that every compiler takes.
const LEAST: f32 = -3.4e38;

/// Shaders decode codes whose exponents stay this far within f32's range.
const MAX_EXPONENT: i32 = 60;

impl Lowering<'_> {
    /// Adds the operations of a node and returns its value.
    fn node(&mut self, index: usize) -> Result<usize> {
        let node = &self.model.graph.nodes[index];
        let (input, output) = (self.shapes[node.inputs[0]], self.shapes[index]);
        let quads = output.pixels() * output.quads();
        let each = |shader: Shader| Program::Each(shader.set("QUADS", output.quads()), quads);
        let mut constants = Vec::new();
        let program = match &node.op {
            Op::Conv2d(_) | Op::Linear(_) => {
                let (program, layer_constants) = self.layer(index)?;
                constants = layer_constants;
                program
            }
            Op::BatchNorm(norm) => {
                let parameters = self.network.constant(normalization(self.model, node, norm)?);
                constants.push((PARAMETERS, parameters));
                let files = [wgsl::FLOAT, wgsl::OUT_SAME, wgsl::BATCH_NORM, wgsl::IDENTITY, wgsl::EACH];
                each(Shader::new(&files).set("CHANNELS", output.channels))
            }
            Op::Activation(activation) => {
                let function: usize = match activation {
                    Activation::Relu => 0,
                    Activation::Relu6 => 1,
                    Activation::Sigmoid => 2,
                    Activation::Swish => 3,
                };
                let shader = plainly(&[wgsl::ACTIVATION, wgsl::EACH]).set("CHANNELS", output.channels);
                each(shader.set("FUNCTION", function))
            }
            Op::MaxPool(pool) => {
                let shader = plainly(&[wgsl::MEAN_NONE, wgsl::POOL]).set("LARGEST", true).set("LEAST", LEAST);
                each(operations::pool(shader, Some(pool), input, output))
            }
            Op::AvgPool(_) | Op::AdaptiveAvgPool(_) => {
                let shader = plainly(&[wgsl::MEAN_FLOAT, wgsl::POOL]).set("LEAST", 0f32);
                let pool = if let Op::AvgPool(pool) = &node.op { Some(pool) } else { None };
                each(operations::pool(shader, pool, input, output))
            }
            Op::Add => {
                let shader = plainly(&[wgsl::MOVED_FLOAT, wgsl::ADD]);
                each(operations::add(shader, &node.name, &vec![0; node.inputs.len()])?)
            }
            Op::Multiply => {
                let gate = self.shapes[node.inputs[1]];
                each(plainly(&[wgsl::MULTIPLY]).set("REPEAT", output.pixels() / gate.pixels()))
            }
            Op::Concat => return Ok(self.concat(index)),
            Op::Flatten if input.pixels() > 1 => {
                Program::Each(operations::flatten(wgsl::FLOAT, input, output), quads)
            }
            Op::Slice([start, _]) => {
                Program::Each(operations::slice(wgsl::FLOAT, *start, input, output), quads)
            }
            Op::ChannelShuffle(groups) => {
                Program::Each(operations::shuffle(wgsl::FLOAT, *groups, output), quads)
            }
            Op::PadShortcut(shortcut) => {
                Program::Each(operations::pad_shortcut(wgsl::FLOAT, shortcut, input, output), quads)
            }
            Op::Input(_) | Op::Flatten | Op::Dropout(_) | Op::DropPath(_) => {
                return Ok(self.values[node.inputs[0]]);
            }
        };
        let value = self.network.value(output, Element::Float);
        let inputs: Vec<usize> = node.inputs.iter().map(|&input| self.values[input]).collect();
        let operands = operations::bindings(&inputs, node.op == Op::Add);
        let name = node.name.clone();
        self.network.operations.push(Operation { name, output: value, operands, constants, program });
        Ok(value)
    }

    fn concat(&mut self, index: usize) -> usize {
        let node = &self.model.graph.nodes[index];
        let shape = self.shapes[index];
        let output = self.network.value(shape, Element::Float);
        let mut start = 0;
        for &operand in &node.inputs {
            let input = self.shapes[operand];
            self.network.operations.push(Operation {
                name: node.name.clone(),
                output,
                operands: vec![(OPERAND, self.values[operand])],
                constants: Vec::new(),
                program: operations::concat(plainly(&[wgsl::CONCAT]), start, input, shape),
            });
            start += input.channels;
        }
        output
    }

    /// A layer's program and its constants.
    fn layer(&mut self, index: usize) -> Result<(Program, Vec<(u32, usize)>)> {
        let node = &self.model.graph.nodes[index];
        let Some(geometry) = Geometry::new(&node.op, self.shapes[node.inputs[0]], self.shapes[index]) else {
            return Err(Error::BadArgument(format!("node {} is no layer", node.name)));
        };
        let path = Path::choose(&geometry, self.kernel);
        let coded =
            self.model.shift_weight(&node.name).filter(|weight| path != Path::Naive && is_codable(weight));
        let channels = geometry.output.channels;
        let scheme = node.shift_scheme();
        let bias = bias(self.model, node, channels, scheme.and_then(|scheme| scheme.bias))?;
        let scale: Vec<f32> =
            (0..channels).map(|channel| coded.map_or(1.0, |weight| exp2(weight.exponent(channel)))).collect();
        let parameters = self.network.constant(fields(&[&scale, &bias], channels));
        let bytes = match coded {
            Some(weight) => codes(&geometry, weight, path),
            None => {
                let values = self.model.values(&node.name, "weight")?;
                match path {
                    Path::Naive => naive(&geometry, |index| values[index].to_bits()),
                    _ => plain(&geometry, &values, path),
                }
            }
        };
        let weights = self.network.constant(bytes);
        let mut files = vec![wgsl::FLOAT, wgsl::OUT_SAME, wgsl::AFFINE];
        files.extend(match (coded, path) {
            (_, Path::Naive) => vec![],
            (Some(_), _) => vec![wgsl::CODES, wgsl::DECODED_FLOAT, wgsl::FLOAT_PRODUCTS],
            (None, _) => vec![wgsl::PLAIN_FLOAT, wgsl::FLOAT_PRODUCTS],
        });
        let coding = coded.map(|weight| (Coding::of(weight), exponents(weight)));
        let quads = geometry.output.quads();
        let rounding = scheme.and_then(|scheme| scheme.input);
        let set = Box::new(move |shader: Shader| {
            let shader = rounded(shader, rounding);
            match coding {
                Some((coding, [first, second])) => coding
                    .set(shader, quads)
                    .set_all(&[("FIRST_EXPONENT", first), ("SECOND_EXPONENT", second)]),
                None if path == Path::Naive => shader,
                None => shader.set("PLAIN_QUADS", quads),
            }
        });
        let program =
            Program::Layer(Box::new(Layer { geometry, path, files, set, is_cpu: self.traits.is_cpu }));
        Ok((program, vec![(PARAMETERS, parameters), (WEIGHTS, weights)]))
    }
}

/// A float shader that ends without parameters.
fn plainly(files: &[&'static str]) -> Shader {
    let all: Vec<&str> =
        [wgsl::FLOAT, wgsl::OUT_SAME, wgsl::AS_IS].into_iter().chain(files.iter().copied()).collect();
    Shader::new(&all)
}

/// Whether a shader can decode the weights without leaving the range of normal numbers.
fn is_codable(weight: &ShiftWeight) -> bool {
    let exponents = weight.exponents.iter().flatten();
    i32::from(weight.format.kmax()) <= MAX_EXPONENT
        && exponents.into_iter().all(|&exponent| i32::from(exponent).abs() <= MAX_EXPONENT)
}

/// The f32 exponent of magnitude 0 in each term; PS starts one lower, where its zero is.
fn exponents(weight: &ShiftWeight) -> [usize; 2] {
    let second = weight.second_format().kmax();
    let first = match weight.format.shift_type {
        deepshift_core::ShiftType::Q => 127 - usize::from(weight.format.kmax()),
        deepshift_core::ShiftType::PS => 126 - usize::from(weight.format.kmax()),
    };
    [first, 126 - usize::from(second.min(126))]
}

fn rounded(shader: Shader, format: Option<FixedPoint>) -> Shader {
    let Some(format) = format else { return shader };
    shader
        .set("ROUNDED", true)
        .set("UNITS", exp2(format.fraction_bits))
        .set("UNIT", exp2(-format.fraction_bits))
        .set("LOWEST", format.lowest as f32)
        .set("HIGHEST", format.highest as f32)
}

fn bias(model: &Model, node: &Node, channels: usize, format: Option<FixedPoint>) -> Result<Vec<f32>> {
    let has_bias = match &node.op {
        Op::Conv2d(conv) => conv.bias,
        Op::Linear(linear) => linear.bias,
        _ => false,
    };
    if !has_bias {
        return Ok(vec![0.0; channels]);
    }
    let values = model.values(&node.name, "bias")?;
    Ok(values.iter().map(|&x| format.map_or(x, |format| format.floor(x))).collect())
}

fn normalization(model: &Model, node: &Node, norm: &BatchNorm) -> Result<Vec<u8>> {
    let parameter = |suffix| model.values(&node.name, suffix);
    let (weight, variance) = (parameter("weight")?, parameter("running_var")?);
    let scale: Vec<f32> = weight
        .iter()
        .zip(variance.iter())
        .map(|(&weight, &variance)| {
            (f64::from(weight) / (f64::from(variance) + f64::from(norm.eps)).sqrt()) as f32
        })
        .collect();
    Ok(fields(&[&parameter("running_mean")?, &scale, &parameter("bias")?], norm.channels))
}
