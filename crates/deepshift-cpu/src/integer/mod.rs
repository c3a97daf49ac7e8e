//! Integer mode: i8 between nodes, to the bit as the reference interpreter.

mod direct;
mod layer;
mod packed;
mod pooled;
mod step;

pub(crate) use layer::Layer;

use crate::context::Context;
use crate::kernels::Kernels;
use crate::movement::{channels_first, channels_last};
use crate::plan::Plan;
use crate::rescale::{wide_value, width};
use crate::{Error, Result};
use deepshift_core::Kernel;
use deepshift_core::graph::Shape;
use deepshift_core::integer::{ByteTables, IntegerNetwork, IntegerOp};
use deepshift_core::{FixedPoint, Input, Model};
use pooled::Pooled;
use step::Step;

/// An integer network, ready to run.
pub(crate) struct IntegerExecutor {
    plan: Plan,
    nodes: Vec<Node>,
    output: Shape,
    output_format: FixedPoint,
}

/// A node with its shape for one picture.
struct Node {
    step: Step,
    shape: Shape,
    /// Bytes of a value: one, or on the way to the output the four of an i32.
    width: usize,
    /// The node that is said to have been computed: the layer that this pooling was done with.
    reported: usize,
}

impl IntegerExecutor {
    /// `model` must have passed [`Model::check`].
    pub fn new(model: &Model, kernel: Kernel, kernels: Kernels) -> Result<Self> {
        let network = model.integer.as_ref().ok_or_else(|| {
            Error::BadArgument(
                "the file holds no integer network: export it again with calibration pictures".into(),
            )
        })?;
        let shapes: Vec<Shape> =
            network.shapes(&model.graph)?.iter().map(|shape| Shape::new(shape)).collect();
        let done_by = |index| {
            Pooled::find((model, network), index, &shapes, kernel)
                .unwrap_or(Pooled { layer: index, window: [1; 2] })
        };
        let done_by: Vec<Pooled> = (0..network.nodes.len()).map(done_by).collect();
        let operands = done_by.iter().map(|pooled| network.nodes[pooled.layer].inputs.as_slice());
        let plan = Plan::new(operands, network.output);
        let nodes = (0..=network.output)
            .map(|index| {
                let pooled = done_by[index];
                let step = match plan.is_needed(index) {
                    true => Step::new((model, network), index, pooled, &shapes, (kernel, kernels))?,
                    false => Step::Unused,
                };
                let width = width(network.nodes[index].format);
                Ok(Node { step, shape: shapes[index], width, reported: pooled.layer })
            })
            .collect::<Result<_>>()?;
        let output_format = network.nodes[network.output].format;
        Ok(Self { plan, nodes, output: shapes[network.output], output_format })
    }

    /// The most elements that a node has for one picture.
    pub fn largest_node(&self) -> usize {
        self.nodes.iter().map(|node| node.shape.elements()).max().unwrap_or(1)
    }

    /// Logits of as many inputs as they are for, in the graph's order; `after` gets each node that was
    /// computed, for a layer with the max pooling behind it the layer.
    pub fn run(
        &self,
        context: Context,
        input: Input,
        logits: &mut [f32],
        after: &mut dyn FnMut(usize),
    ) -> Result<()> {
        let pictures = logits.len() / self.output.elements();
        let compute = |index: usize, operands: &[&Vec<i8>]| {
            let node = &self.nodes[index];
            if let Step::Input(entry) = &node.step {
                return entry.enter(input, node.shape);
            }
            let operands: Vec<&[i8]> = operands.iter().map(|values| values.as_slice()).collect();
            let mut out = vec![0; pictures * node.shape.elements() * node.width];
            node.step.run(context, &operands, &mut out);
            Ok::<_, Error>(out)
        };
        let value = |q: i32| self.output_format.value(q);
        let mut report = |node: usize| after(self.nodes[node].reported);
        match self.plan.run(compute, &mut report)? {
            Some(q) if width(self.output_format) == 1 => {
                channels_first(&q, self.output, logits, |q| value(q.into()));
            }
            Some(q) => channels_first(q.as_chunks().0, self.output, logits, |q| value(wide_value(q))),
            None => {}
        }
        Ok(())
    }
}

/// How inputs become integers.
pub(crate) struct Entry {
    tables: ByteTables,
    format: FixedPoint,
}

impl Entry {
    fn new(network: &IntegerNetwork) -> Self {
        let node = &network.nodes[0];
        let tables = match &node.op {
            IntegerOp::Input(tables) => tables.clone(),
            _ => ByteTables::default(),
        };
        Self { tables, format: node.format }
    }

    fn enter(&self, input: Input, shape: Shape) -> Result<Vec<i8>> {
        match input {
            Input::Values(x) => {
                let mut out = vec![0; x.len()];
                channels_last(x, shape, &mut out, |_, x| self.format.quantize(x) as i8);
                Ok(out)
            }
            Input::Pictures(_) if self.tables.count == 0 => Err(Error::BadArgument(
                "the file does not say how bytes become inputs: give f32 values".into(),
            )),
            Input::Pictures(bytes) => {
                let mut out = vec![0; bytes.len()];
                // A vector of features has one table for all.
                channels_last(bytes, shape, &mut out, |channel, byte| {
                    self.tables.entries[channel % self.tables.count * 256 + usize::from(byte)]
                });
                Ok(out)
            }
        }
    }
}
