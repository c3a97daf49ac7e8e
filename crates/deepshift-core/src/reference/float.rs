//! Float mode: f32 between nodes, sums in f64.

use super::movement::moved;
use super::window::{average_divisor, window};
use crate::graph::{BatchNorm, Conv2d, Node, Op, Pool};
use crate::model::Model;
use crate::preprocess::Input;
use crate::{Error, FixedPoint, Result};

/// Logits of each input, one after the other.
pub fn float_logits(model: &Model, input: Input) -> Result<Vec<f32>> {
    let shape = model.graph.input_shape();
    let count = input.count(shape)?;
    let values = input.values(model.preprocessing.as_ref(), shape)?;
    let each: usize = shape.iter().product();
    let mut logits = Vec::new();
    for picture in values.chunks(each).take(count) {
        logits.append(&mut float_nodes(model, picture)?.swap_remove(model.graph.logits()));
    }
    Ok(logits)
}

pub(super) fn check_length(length: usize, shape: &[usize]) -> Result<()> {
    if length != shape.iter().product::<usize>() {
        return Err(Error::argument(format!("{length} values are not one input of shape {shape:?}")));
    }
    Ok(())
}

/// The value of every node for one input.
pub fn float_nodes(model: &Model, input: &[f32]) -> Result<Vec<Vec<f32>>> {
    let shapes = model.graph.shapes()?;
    check_length(input.len(), model.graph.input_shape())?;
    let mut values: Vec<Vec<f32>> = Vec::with_capacity(shapes.len());
    for (node, shape) in model.graph.nodes.iter().zip(&shapes) {
        let operands: Vec<(&[f32], &[usize])> =
            node.inputs.iter().map(|&index| (values[index].as_slice(), shapes[index].as_slice())).collect();
        let value =
            if operands.is_empty() { input.to_vec() } else { compute(model, node, &operands, shape)? };
        values.push(value);
    }
    Ok(values)
}

fn compute(model: &Model, node: &Node, operands: &[(&[f32], &[usize])], shape: &[usize]) -> Result<Vec<f32>> {
    let (x, x_shape) = operands[0];
    Ok(match &node.op {
        Op::Input(_) | Op::Dropout(_) | Op::DropPath(_) => x.to_vec(),
        Op::Conv2d(conv) => {
            let (x, bias) = layer_operands(model, node, x, conv.bias)?;
            convolve(conv, &x, x_shape, &model.values(&node.name, "weight")?, &bias, shape)
        }
        Op::Linear(linear) => {
            let (x, bias) = layer_operands(model, node, x, linear.bias)?;
            multiply_vector(&x, &model.values(&node.name, "weight")?, &bias, linear.out_features)
        }
        Op::BatchNorm(norm) => batch_norm(model, node, norm, x)?,
        Op::Activation(activation) => x.iter().map(|&x| activation.apply(x)).collect(),
        Op::MaxPool(pool) => pooled(x, x_shape, shape, |plane, y, x| largest(pool, plane, y, x)),
        Op::AvgPool(pool) => pooled(x, x_shape, shape, |plane, y, x| mean(pool, plane, y, x)),
        Op::AdaptiveAvgPool(size) => {
            pooled(x, x_shape, shape, |plane, y, x| adaptive_mean(*size, plane, y, x))
        }
        Op::Add => {
            (0..x.len()).map(|i| operands.iter().map(|(x, _)| f64::from(x[i])).sum::<f64>() as f32).collect()
        }
        Op::Multiply => {
            let gate = operands[1].0;
            let repeat = x.len() / gate.len();
            x.iter().enumerate().map(|(i, x)| x * gate[i / repeat]).collect()
        }
        Op::Concat => operands.iter().flat_map(|(x, _)| x.iter().copied()).collect(),
        Op::Move(movement) => moved(movement, x, x_shape, shape),
    })
}

/// Input and bias as the layer uses them; no bias is a bias of zeros.
fn layer_operands(model: &Model, node: &Node, x: &[f32], has_bias: bool) -> Result<(Vec<f32>, Vec<f32>)> {
    let scheme = node.shift_scheme();
    let round = |values: &[f32], format: Option<FixedPoint>| match format {
        Some(format) => values.iter().map(|&x| format.floor(x)).collect(),
        None => values.to_vec(),
    };
    let bias = if has_bias { model.values(&node.name, "bias")? } else { [].as_slice().into() };
    Ok((
        round(x, scheme.and_then(|scheme| scheme.input)),
        round(&bias, scheme.and_then(|scheme| scheme.bias)),
    ))
}

fn convolve(
    conv: &Conv2d,
    x: &[f32],
    x_shape: &[usize],
    weight: &[f32],
    bias: &[f32],
    shape: &[usize],
) -> Vec<f32> {
    let mut output = Vec::with_capacity(shape.iter().product());
    for channel in 0..shape[0] {
        for row in 0..shape[1] {
            for column in 0..shape[2] {
                let mut sum = bias.get(channel).map_or(0.0, |&bias| f64::from(bias));
                conv.for_each_tap(channel, [row, column], x_shape, |weight_index, input_index| {
                    sum += f64::from(weight[weight_index]) * f64::from(x[input_index]);
                });
                output.push(sum as f32);
            }
        }
    }
    output
}

impl Conv2d {
    /// Calls `tap(weight index, input index)` for every product of one output pixel that is not padding.
    pub fn for_each_tap(
        &self,
        channel: usize,
        pixel: [usize; 2],
        input_shape: &[usize],
        mut tap: impl FnMut(usize, usize),
    ) {
        let group_in = self.group_in();
        let first_in = channel / self.group_out() * group_in;
        let [top, _, left, _] = self.padding;
        for input in 0..group_in {
            for kernel_row in 0..self.kernel[0] {
                let row = pixel[0] * self.stride[0] + kernel_row * self.dilation[0];
                for kernel_column in 0..self.kernel[1] {
                    let column = pixel[1] * self.stride[1] + kernel_column * self.dilation[1];
                    let inside = (top..top + input_shape[1]).contains(&row)
                        && (left..left + input_shape[2]).contains(&column);
                    if inside {
                        let weight = ((channel * group_in + input) * self.kernel[0] + kernel_row)
                            * self.kernel[1]
                            + kernel_column;
                        let plane = (first_in + input) * input_shape[1];
                        tap(weight, (plane + row - top) * input_shape[2] + column - left);
                    }
                }
            }
        }
    }
}

fn multiply_vector(x: &[f32], weight: &[f32], bias: &[f32], outputs: usize) -> Vec<f32> {
    (0..outputs)
        .map(|output| {
            let row = &weight[output * x.len()..(output + 1) * x.len()];
            let products: f64 = row.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
            (products + bias.get(output).map_or(0.0, |&bias| f64::from(bias))) as f32
        })
        .collect()
}

fn batch_norm(model: &Model, node: &Node, norm: &BatchNorm, x: &[f32]) -> Result<Vec<f32>> {
    let parameter = |suffix| model.values(&node.name, suffix);
    let (weight, bias) = (parameter("weight")?, parameter("bias")?);
    let (mean, variance) = (parameter("running_mean")?, parameter("running_var")?);
    let plane = x.len() / norm.channels;
    Ok(x.iter()
        .enumerate()
        .map(|(i, &x)| {
            let channel = i / plane;
            let deviation = (f64::from(variance[channel]) + f64::from(norm.eps)).sqrt();
            let scaled = (f64::from(x) - f64::from(mean[channel])) / deviation * f64::from(weight[channel]);
            (scaled + f64::from(bias[channel])) as f32
        })
        .collect())
}

/// One channel of a picture.
struct Plane<'a> {
    values: &'a [f32],
    size: [usize; 2],
}

impl Plane<'_> {
    fn covered(
        &self,
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
    ) -> impl Iterator<Item = f32> {
        rows.flat_map(move |row| columns.clone().map(move |column| self.values[row * self.size[1] + column]))
    }
}

fn pooled(
    x: &[f32],
    x_shape: &[usize],
    shape: &[usize],
    pixel: impl Fn(&Plane, usize, usize) -> f32,
) -> Vec<f32> {
    let size = [x_shape[1], x_shape[2]];
    let mut output = Vec::with_capacity(shape.iter().product());
    for values in x.chunks(size[0] * size[1]) {
        let plane = Plane { values, size };
        for row in 0..shape[1] {
            output.extend((0..shape[2]).map(|column| pixel(&plane, row, column)));
        }
    }
    output
}

fn largest(pool: &Pool, plane: &Plane, row: usize, column: usize) -> f32 {
    let [rows, columns] = [window(pool, 0, plane.size[0], row), window(pool, 1, plane.size[1], column)];
    plane.covered(rows, columns).fold(f32::NEG_INFINITY, larger)
}

/// The larger one; NaN where one is, which `f32::max` would lose.
// A choice alone would become a masked store, or a maximum of relaxed SIMD, which may lose NaN.
#[inline(always)]
pub fn larger(one: f32, other: f32) -> f32 {
    let larger = if one > other { one } else { other };
    if one.is_nan() || other.is_nan() { one + other } else { larger }
}

fn mean(pool: &Pool, plane: &Plane, row: usize, column: usize) -> f32 {
    let [rows, columns] = [window(pool, 0, plane.size[0], row), window(pool, 1, plane.size[1], column)];
    let divisor =
        average_divisor(pool, 0, plane.size[0], row) * average_divisor(pool, 1, plane.size[1], column);
    (plane.covered(rows, columns).map(f64::from).sum::<f64>() / divisor as f64) as f32
}

fn adaptive_mean(size: [usize; 2], plane: &Plane, row: usize, column: usize) -> f32 {
    let span = |index: usize, axis: usize| {
        // A graph's shapes are only those for which 32 bits hold these products.
        let (from, to) = (plane.size[axis], size[axis]);
        index * from / to..((index + 1) * from).div_ceil(to)
    };
    let (rows, columns) = (span(row, 0), span(column, 1));
    let count = rows.len() * columns.len();
    (plane.covered(rows, columns).map(f64::from).sum::<f64>() / count as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_one_is_nan_wherever_nan_stands() {
        let list = [1.0, f32::NAN, 3.0, f32::NEG_INFINITY];
        for start in 0..4 {
            let rotated = (0..4).map(|index| list[(start + index) % 4]);
            assert!(rotated.fold(f32::NEG_INFINITY, larger).is_nan());
        }
        assert_eq!(larger(f32::NEG_INFINITY, f32::NEG_INFINITY), f32::NEG_INFINITY);
        assert_eq!([larger(1.0, 2.0), larger(f32::INFINITY, 2.0)], [2.0, f32::INFINITY]);
    }
}
