//! Shapes and formats of an integer network, checked against the float graph it belongs to.

use super::{IntegerNetwork, IntegerNode, IntegerOp};
use crate::fixed::MAX_OUTPUT;
use crate::graph::{Graph, Op, TotalElements, check_order, node_error};
use crate::preprocess::channels;
use crate::{Error, Result};

/// The shape of every node's value for one picture.
pub type IntegerShapes = Vec<Vec<usize>>;

impl IntegerNetwork {
    /// Shapes of all nodes; checks names, order, operands, formats and the number of rescalings.
    pub fn shapes(&self, graph: &Graph) -> Result<IntegerShapes> {
        check_order(self.nodes.iter().map(|node| (node.name.as_str(), node.inputs.as_slice())))?;
        self.check_layers_differ(graph)?;
        let mut shapes: IntegerShapes = Vec::with_capacity(self.nodes.len());
        let mut total = TotalElements::default();
        for (index, node) in self.nodes.iter().enumerate() {
            if matches!(node.op, IntegerOp::Input(_)) != (index == 0) {
                return Err(node_error(&node.name, "the first node, and only it, must be the input"));
            }
            let inputs: Vec<&[usize]> = node.inputs.iter().map(|&input| shapes[input].as_slice()).collect();
            let shape = node.shape(graph, &inputs).map_err(|what| node_error(&node.name, what))?;
            total.add(&node.name, &shape)?;
            self.check_formats(node)?;
            check_channels(node, &shape, &inputs).map_err(|what| node_error(&node.name, what))?;
            shapes.push(shape);
        }
        let wanted = graph.shapes()?;
        if shapes.get(self.output) != wanted.get(graph.logits()) {
            return Err(Error::argument("the integer network's output differs from the graph's logits"));
        }
        Ok(shapes)
    }

    /// A layer that is used again and again would make the proof take more time than the file's length allows.
    fn check_layers_differ(&self, graph: &Graph) -> Result<()> {
        let mut layers = vec![false; graph.nodes.len()];
        for node in &self.nodes {
            // One that the graph does not have is refused with its shape.
            if let IntegerOp::Layer { layer, .. } = node.op
                && let Some(used) = layers.get_mut(layer)
                && std::mem::replace(used, true)
            {
                return Err(node_error(&node.name, format!("layer {layer} of the graph is used twice")));
            }
        }
        Ok(())
    }

    fn check_formats(&self, node: &IntegerNode) -> Result<()> {
        node.format.check(&node.name)?;
        if !(node.format.lowest..=node.format.highest).contains(&0) {
            return Err(node_error(&node.name, "its format lacks 0, the value of padding"));
        }
        let inputs: Vec<&IntegerNode> = node.inputs.iter().map(|&input| &self.nodes[input]).collect();
        match node.op {
            // Copies: also on the way from the last epilogue to the output, where values are wider than i8.
            IntegerOp::Move(_) => same_format(node, &inputs),
            IntegerOp::MaxPool(_) => narrow(node, &inputs).and_then(|()| same_format(node, &inputs)),
            IntegerOp::Input(_) | IntegerOp::Table(_) => {
                narrow(node, &inputs)?;
                if node.format.fits_i8() {
                    Ok(())
                } else {
                    Err(node_error(&node.name, "a table gives i8 only"))
                }
            }
            IntegerOp::Layer { .. }
            | IntegerOp::Scale(_)
            | IntegerOp::Add(_)
            | IntegerOp::Multiply(_)
            | IntegerOp::Concat(_)
            | IntegerOp::AvgPool { .. } => {
                narrow(node, &inputs)?;
                if node.format.max_magnitude() > i64::from(MAX_OUTPUT) {
                    return Err(node_error(&node.name, "its format reaches 2^24"));
                }
                Ok(())
            }
        }
    }
}

fn narrow(node: &IntegerNode, inputs: &[&IntegerNode]) -> Result<()> {
    match inputs.iter().find(|input| !input.format.fits_i8()) {
        Some(wide) => Err(node_error(&node.name, format!("its operand {} is no i8", wide.name))),
        None => Ok(()),
    }
}

fn same_format(node: &IntegerNode, inputs: &[&IntegerNode]) -> Result<()> {
    if inputs.iter().any(|input| input.format != node.format) {
        return Err(node_error(&node.name, "it copies values and must keep their format"));
    }
    Ok(())
}

impl IntegerNode {
    fn shape(&self, graph: &Graph, inputs: &[&[usize]]) -> std::result::Result<Vec<usize>, String> {
        self.graph_op(graph)?.shape(inputs)
    }

    /// The operation of a graph whose values have the same shape and cost as much work.
    pub(crate) fn graph_op(&self, graph: &Graph) -> std::result::Result<Op, String> {
        Ok(match &self.op {
            IntegerOp::Input(_) => Op::Input(graph.input_shape().to_vec()),
            IntegerOp::Layer { layer, .. } => match graph.nodes.get(*layer).map(|node| &node.op) {
                Some(op @ (Op::Conv2d(_) | Op::Linear(_))) => op.clone(),
                _ => return Err(format!("node {layer} of the graph is no layer")),
            },
            IntegerOp::Scale(_) | IntegerOp::Table(_) => Op::Dropout(0.0),
            IntegerOp::Add(_) => Op::Add,
            IntegerOp::Multiply(_) => Op::Multiply,
            IntegerOp::Concat(_) => Op::Concat,
            IntegerOp::AvgPool { pool, .. } => Op::AvgPool(*pool),
            IntegerOp::MaxPool(pool) => Op::MaxPool(*pool),
            IntegerOp::Move(movement) => Op::Move(movement.clone()),
        })
    }
}

fn check_channels(
    node: &IntegerNode,
    shape: &[usize],
    inputs: &[&[usize]],
) -> std::result::Result<(), String> {
    let wanted: Vec<usize> = match &node.op {
        IntegerOp::Concat(_) => inputs.iter().map(|input| input[0]).collect(),
        IntegerOp::AvgPool { pool, .. } if pool.ceil_mode => {
            return Err("an average needs windows of equal size, and ceil mode cuts some".into());
        }
        IntegerOp::Layer { .. }
        | IntegerOp::Scale(_)
        | IntegerOp::Add(_)
        | IntegerOp::Multiply(_)
        | IntegerOp::AvgPool { .. } => vec![shape[0]],
        IntegerOp::Input(_) | IntegerOp::MaxPool(_) | IntegerOp::Table(_) | IntegerOp::Move(_) => Vec::new(),
    };
    let epilogues = node.op.epilogues();
    if epilogues.len() != wanted.len() {
        return Err(format!("{} epilogues where {} are needed", epilogues.len(), wanted.len()));
    }
    for (epilogue, channels) in epilogues.iter().zip(wanted) {
        if epilogue.channels != epilogue.rescales.len() || ![1, channels].contains(&epilogue.channels) {
            return Err(format!("{} rescalings for {channels} channels", epilogue.channels));
        }
    }
    check_tables(node, shape)
}

fn check_tables(node: &IntegerNode, shape: &[usize]) -> std::result::Result<(), String> {
    let Some(tables) = node.op.tables() else { return Ok(()) };
    let possible = match node.op {
        IntegerOp::Input(_) => [0, channels(shape)],
        _ => [1, 1],
    };
    let entries = tables.entries.len();
    if !possible.contains(&tables.count) || tables.count.checked_mul(256) != Some(entries) {
        return Err(format!("{} tables with {entries} entries for shape {shape:?}", tables.count));
    }
    // The proof of what follows rests on the format.
    let range = node.format.lowest..=node.format.highest;
    match tables.entries.iter().find(|&&entry| !range.contains(&i32::from(entry))) {
        Some(entry) => Err(format!("its table gives {entry}, which its format does not hold")),
        None => Ok(()),
    }
}
