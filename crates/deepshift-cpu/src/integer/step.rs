//! What one node of an integer network does.

use super::pooled::Pooled;
use super::{Entry, Layer};
use crate::context::Context;
use crate::geometry::Geometry;
use crate::kernels::Kernels;
use crate::movement::Gather;
use crate::pool::Windows;
use crate::rescale::{Rescaler, width};
use crate::{Error, Result};
use deepshift_core::Kernel;
use deepshift_core::Model;
use deepshift_core::graph::Shape;
use deepshift_core::integer::{IntegerNetwork, IntegerOp};

/// A node's operation with all that can be known ahead.
pub(crate) enum Step {
    /// The output does not depend on it.
    Unused,
    Input(Entry),
    Layer(Layer),
    Scale(Rescaler),
    /// Left shift of each operand.
    Add(Vec<u32>, Rescaler),
    /// Shapes of both operands.
    Multiply([Shape; 2], Rescaler),
    /// Channels of each operand and how they are rescaled.
    Concat(Vec<(usize, Rescaler)>),
    AvgPool(Windows, Rescaler),
    MaxPool(Windows),
    /// Channels, and 256 entries.
    Table(usize, Vec<i8>),
    Move(Gather),
}

impl Step {
    /// `pooled` is the node itself, or the layer before it that it is done with; `shapes` are those of all nodes.
    pub fn new(
        (model, network): (&Model, &IntegerNetwork),
        index: usize,
        pooled: Pooled,
        shapes: &[Shape],
        kernel: (Kernel, Kernels),
    ) -> Result<Self> {
        let node = &network.nodes[pooled.layer];
        let output = shapes[index];
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| shapes[input]).collect();
        let rescaler = |epilogue| Rescaler::new(epilogue, output.channels, node.format);
        Ok(match &node.op {
            IntegerOp::Input(_) => Self::Input(Entry::new(network)),
            IntegerOp::Layer { layer, epilogue } => {
                let float = &model.graph.nodes[*layer];
                let weight = model.shift_weight(&float.name);
                let geometry = Geometry::new(&float.op, inputs[0], shapes[pooled.layer]);
                let (Some(weight), Some(geometry)) = (weight, geometry) else {
                    return Err(Error::BadArgument(format!(
                        "layer {} has no shift weight: use float mode",
                        float.name
                    )));
                };
                let operand = network.nodes[node.inputs[0]].format;
                let layer = Layer::new(geometry, weight, operand, rescaler(epilogue), kernel);
                Self::Layer(layer.pooled(pooled.window))
            }
            IntegerOp::Scale(epilogue) => Self::Scale(rescaler(epilogue)),
            IntegerOp::Add(epilogue) => {
                let shifts = network.add_shifts(node).map_err(Error::BadArgument)?;
                Self::Add(shifts, rescaler(epilogue))
            }
            IntegerOp::Multiply(epilogue) => Self::Multiply([inputs[0], inputs[1]], rescaler(epilogue)),
            IntegerOp::Concat(epilogues) => Self::Concat(
                inputs
                    .iter()
                    .zip(epilogues)
                    .map(|(input, epilogue)| {
                        (input.channels, Rescaler::new(epilogue, input.channels, node.format))
                    })
                    .collect(),
            ),
            IntegerOp::AvgPool { pool, epilogue } => {
                Self::AvgPool(Windows::new(*pool, inputs[0], output), rescaler(epilogue))
            }
            IntegerOp::MaxPool(pool) => Self::MaxPool(Windows::new(*pool, inputs[0], output)),
            IntegerOp::Table(tables) => Self::Table(output.channels, tables.entries.clone()),
            IntegerOp::Move(movement) => {
                Self::Move(Gather::new(movement, inputs[0], output, width(node.format)))
            }
        })
    }

    /// Computes a node. Where i8 does not hold its values, `out` takes four bytes for each.
    pub fn run(&self, context: Context, operands: &[&[i8]], out: &mut [i8]) {
        let Some(&x) = operands.first() else { return };
        match self {
            Self::MaxPool(windows) => {
                let channels = windows.input.channels;
                context.for_each_row(
                    out,
                    channels,
                    #[inline(always)]
                    |_: &mut (), pixel, out| {
                        out.fill(i8::MIN);
                        windows.for_each_pixel(x, pixel, |x| {
                            for (largest, &q) in out.iter_mut().zip(x) {
                                *largest = q.max(*largest);
                            }
                        });
                    },
                );
            }
            Self::Table(channels, entries) => {
                context.for_each_row(out, *channels, |_: &mut (), row, out| {
                    for (out, &q) in out.iter_mut().zip(&x[row * channels..]) {
                        *out = entries[(i32::from(q) + 128) as usize];
                    }
                });
            }
            Self::Move(gather) => gather.run(context, x, out),
            Self::Layer(layer) => layer.run(context, x, out),
            Self::Scale(rescaler) => {
                let channels = rescaler.channels();
                context.for_each_row(out, rescaler.row_bytes(), |sums: &mut Vec<i32>, row, out| {
                    widen(&x[row * channels..(row + 1) * channels], 0, sums);
                    rescaler.apply(0, sums, out);
                });
            }
            Self::Add(shifts, rescaler) => add(context, operands, shifts, rescaler, out),
            Self::Multiply(shapes, rescaler) => multiply(context, operands, *shapes, rescaler, out),
            Self::Concat(parts) => concat(context, operands, parts, out),
            Self::AvgPool(windows, rescaler) => average(context, x, windows, rescaler, out),
            Self::Unused | Self::Input(_) => {}
        }
    }
}

fn add(context: Context, operands: &[&[i8]], shifts: &[u32], rescaler: &Rescaler, out: &mut [i8]) {
    let channels = rescaler.channels();
    context.for_each_row(out, rescaler.row_bytes(), |sums: &mut Vec<i32>, row, out| {
        let row = row * channels..(row + 1) * channels;
        let mut operands = operands.iter().zip(shifts);
        if let Some((x, &shift)) = operands.next() {
            widen(&x[row.clone()], shift, sums);
        }
        for (x, &shift) in operands {
            for (sum, &q) in sums.iter_mut().zip(&x[row.clone()]) {
                *sum = sum.wrapping_add(i32::from(q).wrapping_shl(shift));
            }
        }
        rescaler.apply(0, sums, out);
    });
}

/// `x << shift`.
#[inline(always)]
fn widen(x: &[i8], shift: u32, sums: &mut Vec<i32>) {
    sums.clear();
    sums.extend(x.iter().map(|&q| i32::from(q).wrapping_shl(shift)));
}

fn multiply(
    context: Context,
    operands: &[&[i8]],
    [shape, gate]: [Shape; 2],
    rescaler: &Rescaler,
    out: &mut [i8],
) {
    let [x, gates] = operands else { return };
    let channels = shape.channels;
    // A gate of one pixel serves the whole picture.
    let repeat = shape.pixels() / gate.pixels();
    context.for_each_row(out, rescaler.row_bytes(), |products: &mut Vec<i32>, row, out| {
        products.clear();
        let gates = &gates[row / repeat * channels..][..channels];
        products.extend(
            x[row * channels..][..channels]
                .iter()
                .zip(gates)
                .map(|(&q, &gate)| i32::from(q) * i32::from(gate)),
        );
        rescaler.apply(0, products, out);
    });
}

fn concat(context: Context, operands: &[&[i8]], parts: &[(usize, Rescaler)], out: &mut [i8]) {
    let row_bytes = parts.iter().map(|(_, rescaler)| rescaler.row_bytes()).sum();
    context.for_each_row(out, row_bytes, |sums: &mut Vec<i32>, row, mut out: &mut [i8]| {
        for (x, (channels, rescaler)) in operands.iter().zip(parts) {
            let (part, rest) = out.split_at_mut(rescaler.row_bytes());
            widen(&x[row * channels..(row + 1) * channels], 0, sums);
            rescaler.apply(0, sums, part);
            out = rest;
        }
    });
}

fn average(context: Context, x: &[i8], windows: &Windows, rescaler: &Rescaler, out: &mut [i8]) {
    let channels = rescaler.channels();
    context.for_each_row(
        out,
        rescaler.row_bytes(),
        #[inline(always)]
        |sums: &mut Vec<i32>, pixel, out| {
            sums.clear();
            sums.resize(channels, 0);
            windows.for_each_pixel(x, pixel, |x| {
                for (sum, &q) in sums.iter_mut().zip(x) {
                    *sum = sum.wrapping_add(i32::from(q));
                }
            });
            rescaler.apply(0, sums, out);
        },
    );
}
