//! What one node of a float network does.

use super::layer::Layer;
use crate::Result;
use crate::context::Context;
use crate::geometry::Geometry;
use crate::movement::Gather;
use crate::pool::Windows;
use deepshift_core::Kernel;
use deepshift_core::graph::{Activation, Op, Pool, Shape};
use deepshift_core::reference::{average_divisor, larger};
use deepshift_core::{Model, Normalization};

/// A node's operation with all that can be known ahead.
pub(super) enum Step {
    Copy,
    Layer(Box<Layer>),
    BatchNorm(Normalization),
    /// With the operand's channels.
    Activation(Activation, usize),
    MaxPool(Windows),
    /// With the pool whose divisor counts padding; `None` where the covered pixels are the divisor.
    AvgPool(Windows, Option<Pool>),
    Add,
    /// Shapes of both operands.
    Multiply([Shape; 2]),
    /// Channels of each operand.
    Concat(Vec<usize>),
    Move(Gather),
}

impl Step {
    /// `shapes` are those of all nodes.
    pub fn new(model: &Model, index: usize, shapes: &[Shape], kernel: Kernel) -> Result<Self> {
        let node = &model.graph.nodes[index];
        let output = shapes[index];
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| shapes[input]).collect();
        let input = inputs.first().copied().unwrap_or(output);
        if let Some(geometry) = Geometry::new(&node.op, input, output) {
            return Ok(Self::Layer(Box::new(Layer::new(model, node, geometry, kernel)?)));
        }
        Ok(match &node.op {
            Op::BatchNorm(norm) => Self::BatchNorm(model.normalization(node, norm)?),
            Op::Activation(activation) => Self::Activation(*activation, output.channels),
            Op::MaxPool(pool) => Self::MaxPool(Windows::new(*pool, input, output)),
            Op::AvgPool(pool) => Self::AvgPool(Windows::new(*pool, input, output), Some(*pool)),
            Op::AdaptiveAvgPool(_) => Self::AvgPool(Windows::adaptive(input, output), None),
            Op::Add => Self::Add,
            Op::Multiply => Self::Multiply([inputs[0], inputs[1]]),
            Op::Concat => Self::Concat(inputs.iter().map(|input| input.channels).collect()),
            Op::Move(movement) => Self::Move(Gather::new(movement, input, output, 1)),
            Op::Input(_) | Op::Dropout(_) | Op::DropPath(_) | Op::Conv2d(_) | Op::Linear(_) => Self::Copy,
        })
    }

    /// Computes the node's values.
    pub fn run(&self, context: Context, operands: &[&[f32]], out: &mut [f32]) {
        let Some(&x) = operands.first() else { return };
        match self {
            Self::Copy => out.copy_from_slice(x),
            Self::Layer(layer) => layer.run(context, x, out),
            Self::BatchNorm(norm) => normalize(context, x, norm, out),
            Self::Activation(activation, channels) => activate(context, x, *activation, *channels, out),
            Self::MaxPool(windows) => largest(context, x, windows, out),
            Self::AvgPool(windows, pool) => mean(context, x, windows, pool.as_ref(), out),
            Self::Add => add(context, operands, out),
            Self::Multiply(shapes) => multiply(context, operands, *shapes, out),
            Self::Concat(channels) => concat(context, operands, channels, out),
            Self::Move(gather) => gather.run(context, x, out),
        }
    }
}

fn activate(context: Context, x: &[f32], activation: Activation, channels: usize, out: &mut [f32]) {
    context.for_each_row(
        out,
        channels,
        #[inline(always)]
        |_: &mut (), row, out| activation.map(&x[row * channels..][..channels], out),
    );
}

fn normalize(context: Context, x: &[f32], norm: &Normalization, out: &mut [f32]) {
    let channels = norm.mean.len();
    context.for_each_row(out, channels, |_: &mut (), row, out| {
        let x = &x[row * channels..][..channels];
        let parameters = norm.mean.iter().zip(&norm.scale).zip(&norm.offset);
        for ((out, x), ((mean, scale), offset)) in out.iter_mut().zip(x).zip(parameters) {
            *out = (x - mean) * scale + offset;
        }
    });
}

fn largest(context: Context, x: &[f32], windows: &Windows, out: &mut [f32]) {
    context.for_each_row(
        out,
        windows.input.channels,
        #[inline(always)]
        |_: &mut (), pixel, out| {
            out.fill(f32::NEG_INFINITY);
            windows.for_each_pixel(x, pixel, |x| {
                for (largest, x) in out.iter_mut().zip(x) {
                    *largest = larger(*largest, *x);
                }
            });
        },
    );
}

fn mean(context: Context, x: &[f32], windows: &Windows, pool: Option<&Pool>, out: &mut [f32]) {
    context.for_each_row(
        out,
        windows.input.channels,
        #[inline(always)]
        |_: &mut (), pixel, out| {
            out.fill(0.0);
            windows.for_each_pixel(x, pixel, |x| {
                for (sum, x) in out.iter_mut().zip(x) {
                    *sum += x;
                }
            });
            let factor = 1.0 / divisor(windows, pool, pixel) as f32;
            out.iter_mut().for_each(|sum| *sum *= factor);
        },
    );
}

fn divisor(windows: &Windows, pool: Option<&Pool>, pixel: usize) -> usize {
    let Some(pool) = pool else {
        let [rows, columns] = windows.covered(pixel);
        return rows.len() * columns.len();
    };
    let within = pixel % windows.output.pixels();
    average_divisor(pool, 0, windows.input.height, within / windows.output.width)
        * average_divisor(pool, 1, windows.input.width, within % windows.output.width)
}

fn add(context: Context, operands: &[&[f32]], out: &mut [f32]) {
    const LENGTH: usize = 1024;
    crate::workers::for_each_block(context.parallel, out, LENGTH, |_: &mut (), index, out| {
        context.kernels.vectorize(
            #[inline(always)]
            || {
                out.fill(0.0);
                for x in operands {
                    for (out, x) in out.iter_mut().zip(&x[index * LENGTH..]) {
                        *out += x;
                    }
                }
            },
        );
    });
}

fn multiply(context: Context, operands: &[&[f32]], [shape, gate]: [Shape; 2], out: &mut [f32]) {
    let [x, gates] = operands else { return };
    let channels = shape.channels;
    // A gate of one pixel serves the whole picture.
    let repeat = shape.pixels() / gate.pixels();
    context.for_each_row(out, channels, |_: &mut (), row, out| {
        let gates = &gates[row / repeat * channels..][..channels];
        for ((out, x), gate) in out.iter_mut().zip(&x[row * channels..]).zip(gates) {
            *out = x * gate;
        }
    });
}

fn concat(context: Context, operands: &[&[f32]], channels: &[usize], out: &mut [f32]) {
    context.for_each_row(out, channels.iter().sum(), |_: &mut (), row, mut out: &mut [f32]| {
        for (x, &channels) in operands.iter().zip(channels) {
            let (part, rest) = out.split_at_mut(channels);
            part.copy_from_slice(&x[row * channels..(row + 1) * channels]);
            out = rest;
        }
    });
}
