//! Integer mode: i8 between nodes, to the bit as the reference interpreter.

mod direct;
mod layer;
mod packed;
mod step;

pub(crate) use layer::Layer;

use crate::context::Context;
use crate::geometry::Shape;
use crate::kernels::Kernels;
use crate::movement::{channels_first, channels_last};
use crate::plan::Plan;
use crate::{Error, Result};
use deepshift_core::Kernel;
use deepshift_core::integer::{ByteTables, IntegerNetwork, IntegerOp};
use deepshift_core::{Error as CoreError, FixedPoint, Input, Model};
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
    /// Whether i8 holds its values.
    narrow: bool,
}

/// Integers of a batch, `[pictures, height, width, channels]`.
pub(crate) enum Values {
    Narrow(Vec<i8>),
    /// Only on the way to the output.
    Wide(Vec<i32>),
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
        let plan = Plan::new(network.nodes.iter().map(|node| node.inputs.as_slice()), network.output);
        let nodes = (0..=network.output)
            .map(|index| {
                let step = match plan.is_needed(index) {
                    true => Step::new(model, network, index, &shapes, (kernel, kernels))?,
                    false => Step::Unused,
                };
                Ok(Node { step, shape: shapes[index], narrow: network.nodes[index].format.fits_i8() })
            })
            .collect::<Result<_>>()?;
        let output_format = network.nodes[network.output].format;
        Ok(Self { plan, nodes, output: shapes[network.output], output_format })
    }

    /// The most elements that a node has for one picture.
    pub fn largest_node(&self) -> usize {
        self.nodes.iter().map(|node| node.shape.elements()).max().unwrap_or(1)
    }

    /// Logits of as many inputs as they are for, in the graph's order; `after` gets each node that was computed.
    pub fn run(
        &self,
        context: Context,
        input: Input,
        logits: &mut [f32],
        after: &mut dyn FnMut(usize),
    ) -> Result<()> {
        let pictures = logits.len() / self.output.elements();
        let compute = |index: usize, operands: &[&Values]| {
            let node = &self.nodes[index];
            let length = pictures * node.shape.elements();
            if let Step::Input(entry) = &node.step {
                return Ok(Values::Narrow(entry.enter(input, node.shape)?));
            }
            if let (Step::Flatten(shape), [Values::Wide(x)]) = (&node.step, operands) {
                let mut out = vec![0; length];
                channels_first(x, *shape, &mut out, |q| q);
                return Ok(Values::Wide(out));
            }
            let operands = operands.iter().map(|values| values.narrow()).collect::<Result<Vec<_>>>()?;
            if node.narrow {
                let mut out = vec![0; length];
                node.step.run(context, &operands, &mut out);
                Ok(Values::Narrow(out))
            } else {
                let mut out = vec![0; length];
                node.step.run_wide(context, &operands, &mut out);
                Ok::<_, Error>(Values::Wide(out))
            }
        };
        let value = |q: i32| self.output_format.value(q);
        match self.plan.run(compute, after)? {
            Some(Values::Narrow(q)) => channels_first(&q, self.output, logits, |q| value(q.into())),
            Some(Values::Wide(q)) => channels_first(&q, self.output, logits, value),
            None => {}
        }
        Ok(())
    }
}

impl Values {
    fn narrow(&self) -> Result<&[i8]> {
        match self {
            Self::Narrow(values) => Ok(values),
            Self::Wide(_) => Err(CoreError::BadArgument("an operand is wider than i8".into()).into()),
        }
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
                // A vector of features has as many tables as features, each for one byte.
                channels_last(bytes, shape, &mut out, |channel, byte| {
                    self.tables.entries[channel % self.tables.count * 256 + usize::from(byte)]
                });
                Ok(out)
            }
        }
    }
}
