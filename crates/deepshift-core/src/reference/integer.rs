//! Integer mode, bit for bit as `docs/arithmetic.md` defines it.

use super::float::check_length;
use super::movement::moved;
use super::window::window;
use crate::graph::{Conv2d, Graph, Op, Pool};
use crate::integer::{Epilogue, IntegerNetwork, IntegerNode, IntegerOp};
use crate::model::Model;
use crate::preprocess::{Input, pixels_per_channel};
use crate::{Error, FixedPoint, Result};

/// Logits of each input, one after the other: `q * 2^-F`.
pub fn integer_logits(model: &Model, input: Input) -> Result<Vec<f32>> {
    let network = network(model)?;
    let each: usize = model.graph.input_shape().iter().product();
    let quantized = integer_input(model, input)?;
    let format = network.nodes[network.output].format;
    let mut logits = Vec::new();
    for picture in quantized.chunks(each) {
        let nodes = integer_nodes(model, picture)?;
        logits.extend(nodes[network.output].iter().map(|&q| format.value(q)));
    }
    Ok(logits)
}

fn network(model: &Model) -> Result<&IntegerNetwork> {
    model.integer.as_ref().ok_or_else(|| {
        Error::argument("the file holds no integer network: export it again with calibration pictures")
    })
}

/// How inputs enter integer mode: bytes through the file's tables, values through the input's format.
pub fn integer_input(model: &Model, input: Input) -> Result<Vec<i8>> {
    let shape = model.graph.input_shape();
    input.count(shape)?;
    let node = &network(model)?.nodes[0];
    match (input, node.op.tables()) {
        (Input::Values(values), _) => Ok(values.iter().map(|&x| node.format.quantize(x) as i8).collect()),
        (Input::Pictures(bytes), Some(tables)) if tables.count > 0 => Ok(bytes
            .chunks(pixels_per_channel(shape))
            .enumerate()
            .flat_map(|(plane, pixels)| {
                let table = &tables.entries[plane % tables.count * 256..];
                pixels.iter().map(|&byte| table[usize::from(byte)])
            })
            .collect()),
        (Input::Pictures(_), _) => {
            Err(Error::argument("the file does not say how bytes become inputs: give f32 values"))
        }
    }
}

/// The integers of every node for one input.
pub fn integer_nodes(model: &Model, input: &[i8]) -> Result<Vec<Vec<i32>>> {
    let network = network(model)?;
    let shapes = network.shapes(&model.graph)?;
    check_length(input.len(), model.graph.input_shape())?;
    let mut values: Vec<Vec<i32>> = Vec::with_capacity(shapes.len());
    for (node, shape) in network.nodes.iter().zip(&shapes) {
        let operands = node.inputs.iter().map(|&index| (values[index].as_slice(), shapes[index].as_slice()));
        let step = Step { network, graph: &model.graph, node, operands: operands.collect(), shape };
        let value = if matches!(node.op, IntegerOp::Input(_)) {
            input.iter().map(|&q| i32::from(q)).collect()
        } else {
            step.compute(model)?
        };
        values.push(value);
    }
    Ok(values)
}

struct Step<'a> {
    network: &'a IntegerNetwork,
    graph: &'a Graph,
    node: &'a IntegerNode,
    operands: Vec<(&'a [i32], &'a [usize])>,
    shape: &'a [usize],
}

impl Step<'_> {
    fn compute(&self, model: &Model) -> Result<Vec<i32>> {
        let (x, x_shape) = self.operands[0];
        let format = self.node.format;
        Ok(match &self.node.op {
            IntegerOp::Input(_) => x.to_vec(),
            IntegerOp::Layer { layer, epilogue } => {
                finish(&self.layer(model, *layer)?, self.shape, epilogue, format)
            }
            IntegerOp::Scale(epilogue) => finish(x, self.shape, epilogue, format),
            IntegerOp::Add(epilogue) => finish(&self.sum()?, self.shape, epilogue, format),
            IntegerOp::Multiply(epilogue) => {
                let gate = self.operands[1].0;
                let repeat = x.len() / gate.len();
                let products: Vec<i32> = x.iter().enumerate().map(|(i, q)| q * gate[i / repeat]).collect();
                finish(&products, self.shape, epilogue, format)
            }
            IntegerOp::Concat(epilogues) => self
                .operands
                .iter()
                .zip(epilogues)
                .flat_map(|((x, shape), epilogue)| finish(x, shape, epilogue, format))
                .collect(),
            IntegerOp::AvgPool { pool, epilogue } => {
                let sums = pooled(pool, x, x_shape, self.shape, |window| window.sum());
                finish(&sums, self.shape, epilogue, format)
            }
            IntegerOp::MaxPool(pool) => {
                pooled(pool, x, x_shape, self.shape, |window| window.max().unwrap_or(format.lowest))
            }
            IntegerOp::Table(tables) => {
                x.iter().map(|&q| i32::from(tables.entries[(q + 128) as usize])).collect()
            }
            IntegerOp::Move(movement) => moved(movement, x, x_shape, self.shape),
        })
    }

    fn layer(&self, model: &Model, layer: usize) -> Result<Vec<i32>> {
        let node = &self.graph.nodes[layer];
        let weight = model
            .shift_weight(&node.name)
            .ok_or_else(|| Error::argument(format!("layer {} has no shift weight", node.name)))?
            .integers();
        let (x, x_shape) = self.operands[0];
        Ok(match &node.op {
            Op::Conv2d(conv) => convolve(conv, x, x_shape, &weight, self.shape),
            Op::Linear(_) => {
                weight.chunks(x.len()).map(|row| row.iter().zip(x).map(|(w, q)| w * q).sum()).collect()
            }
            other => return Err(Error::argument(format!("node {} is no layer but {other:?}", node.name))),
        })
    }

    fn sum(&self) -> Result<Vec<i32>> {
        let shifts = self.network.add_shifts(self.node).map_err(Error::BadArgument)?;
        let length = self.operands[0].0.len();
        Ok((0..length)
            .map(|i| self.operands.iter().zip(&shifts).map(|((x, _), &shift)| x[i] << shift).sum())
            .collect())
    }
}

fn convolve(conv: &Conv2d, x: &[i32], x_shape: &[usize], weight: &[i32], shape: &[usize]) -> Vec<i32> {
    let mut output = Vec::with_capacity(shape.iter().product());
    for channel in 0..shape[0] {
        for row in 0..shape[1] {
            for column in 0..shape[2] {
                let mut acc = 0;
                conv.for_each_tap(channel, [row, column], x_shape, |weight_index, input_index| {
                    acc += weight[weight_index] * x[input_index];
                });
                output.push(acc);
            }
        }
    }
    output
}

fn finish(acc: &[i32], shape: &[usize], epilogue: &Epilogue, format: FixedPoint) -> Vec<i32> {
    let plane: usize = shape[1..].iter().product();
    acc.iter().enumerate().map(|(i, &acc)| epilogue.apply(acc, i / plane, format)).collect()
}

fn pooled(
    pool: &Pool,
    x: &[i32],
    x_shape: &[usize],
    shape: &[usize],
    reduce: impl Fn(&mut dyn Iterator<Item = i32>) -> i32,
) -> Vec<i32> {
    let mut output = Vec::with_capacity(shape.iter().product());
    for plane in x.chunks(x_shape[1] * x_shape[2]) {
        for row in 0..shape[1] {
            let rows = window(pool, 0, x_shape[1], row);
            for column in 0..shape[2] {
                let columns = window(pool, 1, x_shape[2], column);
                let mut covered = rows
                    .clone()
                    .flat_map(|row| columns.clone().map(move |column| plane[row * x_shape[2] + column]));
                output.push(reduce(&mut covered));
            }
        }
    }
    output
}
