//! Float networks as operations.

use crate::layer::{Geometry, Layer, Path, Weights};
use crate::network::{Coding, Element, End, Kind, Network, Operation, Value};
use crate::weights::{codes, fields, naive, plain};
use deepshift_core::graph::{Op, Shape};
use deepshift_core::round::exp2;
use deepshift_core::{Error, Kernel, Model, Result, ShiftType, ShiftWeight};

/// Puts the operations of a model's float graph together.
pub fn network(model: &Model, kernel: Kernel) -> Result<Network> {
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
    let mut lowering = Lowering { model, kernel, shapes, network, values: vec![0] };
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
    shapes: Vec<Shape>,
    network: Network,
    /// The value of each node.
    values: Vec<usize>,
}

/// Kernels decode codes whose exponents stay this far within f32's range.
const MAX_EXPONENT: i32 = 60;

impl Lowering<'_> {
    /// Adds the operations of a node and returns its value.
    fn node(&mut self, index: usize) -> Result<usize> {
        let node = &self.model.graph.nodes[index];
        let mut end = End::AsIs;
        let kind = match &node.op {
            Op::Input(_) | Op::Dropout(_) | Op::DropPath(_) => return Ok(self.values[node.inputs[0]]),
            Op::Concat => return Ok(self.concat(index)),
            Op::Conv2d(_) | Op::Linear(_) => {
                let (layer, parameters) = self.layer(index)?;
                end = End::Affine(parameters);
                Kind::Layer(Box::new(layer))
            }
            Op::BatchNorm(norm) => {
                let norm = self.model.normalization(node, norm)?;
                let parameters = fields(&[&norm.mean, &norm.scale, &norm.offset], norm.mean.len());
                end = End::Norm(self.network.constant(parameters));
                Kind::Identity
            }
            Op::Activation(activation) => Kind::Activation(*activation),
            Op::MaxPool(pool) => Kind::MaxPool(*pool),
            Op::AvgPool(pool) => Kind::MeanPool(Some(*pool)),
            Op::AdaptiveAvgPool(_) => Kind::MeanPool(None),
            Op::Add => Kind::add(&node.name, vec![0; node.inputs.len()])?,
            Op::Multiply => Kind::Multiply,
            Op::Move(movement) => {
                let operand = node.inputs[0];
                let shapes = (self.shapes[operand], self.shapes[index]);
                match Kind::movement(&mut self.network, movement, shapes) {
                    Some(kind) => kind,
                    None => return Ok(self.values[operand]),
                }
            }
        };
        let output = self.network.value(self.shapes[index], Element::Float);
        let operands = node.inputs.iter().map(|&input| self.values[input]).collect();
        self.network.operations.push(Operation { name: node.name.clone(), output, operands, kind, end });
        Ok(output)
    }

    fn concat(&mut self, index: usize) -> usize {
        let node = &self.model.graph.nodes[index];
        let output = self.network.value(self.shapes[index], Element::Float);
        let mut start = 0;
        for &operand in &node.inputs {
            let channels = self.shapes[operand].channels;
            self.network.operations.push(Operation {
                name: node.name.clone(),
                output,
                operands: vec![self.values[operand]],
                kind: Kind::concat(start, channels),
                end: End::AsIs,
            });
            start += channels;
        }
        output
    }

    /// A layer and the constant of its scale and offset.
    fn layer(&mut self, index: usize) -> Result<(Layer, usize)> {
        let node = &self.model.graph.nodes[index];
        let Some(geometry) = Geometry::new(&node.op, self.shapes[node.inputs[0]], self.shapes[index]) else {
            return Err(Error::BadArgument(format!("node {} is no layer", node.name)));
        };
        let path = Path::choose(&geometry, self.kernel);
        let coded =
            self.model.shift_weight(&node.name).filter(|weight| path != Path::Naive && is_codable(weight));
        let channels = geometry.output.channels;
        let scheme = node.shift_scheme();
        let bias = self.model.bias(node, channels)?;
        let scale: Vec<f32> =
            (0..channels).map(|channel| coded.map_or(1.0, |weight| exp2(weight.exponent(channel)))).collect();
        let parameters = self.network.constant(fields(&[&scale, &bias], channels));
        let (bytes, weights) = match coded {
            Some(weight) => {
                let weights = Weights::Floats { coding: Coding::of(weight), exponent: exponent(weight) };
                (codes(&geometry, weight, path), weights)
            }
            None => {
                let values = self.model.values(&node.name, "weight")?;
                match path {
                    Path::Naive => (naive(&geometry, |index| values[index].to_bits()), Weights::Words),
                    Path::Product | Path::Direct => (plain(&geometry, &values, path), Weights::Plain),
                }
            }
        };
        let constant = self.network.constant(bytes);
        let rounding = scheme.and_then(|scheme| scheme.input);
        Ok((Layer { geometry, path, weights, constant, rounding }, parameters))
    }
}

/// Whether a kernel can decode the weights without leaving the range of normal numbers.
fn is_codable(weight: &ShiftWeight) -> bool {
    let exponents = weight.exponents.iter().flatten();
    i32::from(weight.format.kmax()) <= MAX_EXPONENT
        && exponents.into_iter().all(|&exponent| i32::from(exponent).abs() <= MAX_EXPONENT)
}

/// The f32 exponent of magnitude 0. PS starts one lower than Q, where its zero is; a second term beside Q is coded as PS with
/// one exponent less, so that both terms have the same.
fn exponent(weight: &ShiftWeight) -> u32 {
    let kmax = u32::from(weight.format.kmax());
    match weight.format.shift_type {
        ShiftType::Q => 127 - kmax,
        ShiftType::PS => 126 - kmax,
    }
}
