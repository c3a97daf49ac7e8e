//! Float mode: f32 between nodes, as the reference interpreter to rounding error.

mod layer;
// The `gemm` crate's one function is unsafe.
#[allow(unsafe_code)]
#[cfg(not(target_family = "wasm"))]
mod product;
#[cfg(target_family = "wasm")]
#[path = "product_wasm.rs"]
mod product;
mod step;

use crate::context::Context;
use crate::movement::{channels_first, channels_last};
use crate::plan::Plan;
use crate::{Error, Result};
use deepshift_core::graph::{Node, Shape};
use deepshift_core::{Input, Kernel, Model};
#[cfg(not(target_family = "wasm"))]
pub use product::gram;
use step::Step;

/// A float network, ready to run.
pub(crate) struct FloatExecutor {
    plan: Plan,
    steps: Vec<Step>,
    shapes: Vec<Shape>,
    /// Of each node's first operand, for one picture.
    operand_elements: Vec<usize>,
    entry: Entry,
    output: usize,
}

impl FloatExecutor {
    /// `model` must have passed [`Model::check`].
    pub fn new(model: &Model, kernel: Kernel) -> Result<Self> {
        if kernel == Kernel::Shift {
            return Err(Error::BadArgument(
                "there is no shift kernel in float mode: use integer mode, or dot or naive-multiply".into(),
            ));
        }
        let graph = &model.graph;
        let output = graph.logits();
        let shapes: Vec<Shape> = graph.shapes()?.iter().map(|shape| Shape::new(shape)).collect();
        let plan = Plan::new(graph.nodes.iter().map(|node| node.inputs.as_slice()), output);
        let steps = (0..=output)
            .map(|index| match plan.is_needed(index) {
                true => Step::new(model, index, &shapes, kernel),
                false => Ok(Step::Copy),
            })
            .collect::<Result<_>>()?;
        let first = |node: &Node| node.inputs.first().map_or(1, |&input| shapes[input].elements());
        let operand_elements = graph.nodes.iter().map(first).collect();
        Ok(Self { plan, steps, shapes, operand_elements, entry: Entry::new(model), output })
    }

    /// The most elements that a node has for one picture.
    pub fn largest_node(&self) -> usize {
        self.shapes[..=self.output].iter().map(|shape| shape.elements()).max().unwrap_or(1)
    }

    /// Logits of as many inputs as they are for, in the graph's order; `after` gets each node that was computed.
    pub fn run(
        &self,
        context: Context,
        input: Input,
        logits: &mut [f32],
        after: &mut dyn FnMut(usize),
    ) -> Result<()> {
        let compute = |index: usize, operands: &[&Vec<f32>]| {
            if operands.is_empty() {
                return self.enter(input);
            }
            let operands: Vec<&[f32]> = operands.iter().map(|values| values.as_slice()).collect();
            Ok(self.compute(context, index, &operands))
        };
        if let Some(output) = self.plan.run(compute, after)? {
            channels_first(&output, self.shapes[self.output], logits, |x| x);
        }
        Ok(())
    }

    /// The values of the input node.
    pub fn enter(&self, input: Input) -> Result<Vec<f32>> {
        self.entry.enter(input, self.shapes[0])
    }

    /// The values of a node that has operands, channels innermost.
    pub fn compute(&self, context: Context, node: usize, operands: &[&[f32]]) -> Vec<f32> {
        let pictures = operands[0].len() / self.operand_elements[node].max(1);
        let mut out = vec![0.0; pictures * self.shapes[node].elements()];
        self.steps[node].run(context, operands, &mut out);
        out
    }

    /// Prepares a node again after its parameters changed.
    pub fn update(&mut self, model: &Model, node: usize) -> Result<()> {
        self.steps[node] = Step::new(model, node, &self.shapes, Kernel::Dot)?;
        Ok(())
    }
}

/// How inputs become values: 256 of them for each channel of a picture.
struct Entry(Option<Vec<f32>>);

impl Entry {
    fn new(model: &Model) -> Self {
        Self(model.preprocessing.as_ref().map(|preprocessing| {
            (0..preprocessing.mean.len())
                .flat_map(|channel| (0..=255).map(move |byte| preprocessing.value(channel, byte)))
                .collect()
        }))
    }

    fn enter(&self, input: Input, shape: Shape) -> Result<Vec<f32>> {
        match (input, &self.0) {
            (Input::Values(x), _) => {
                let mut out = vec![0.0; x.len()];
                channels_last(x, shape, &mut out, |_, x| x);
                Ok(out)
            }
            (Input::Pictures(bytes), Some(tables)) => {
                let mut out = vec![0.0; bytes.len()];
                // A vector of features is one channel.
                channels_last(bytes, shape, &mut out, |channel, byte| {
                    tables[(channel * 256 + usize::from(byte)) % tables.len()]
                });
                Ok(out)
            }
            (Input::Pictures(_), None) => Err(Error::BadArgument(
                "the file does not say how bytes become inputs: give f32 values".into(),
            )),
        }
    }
}
