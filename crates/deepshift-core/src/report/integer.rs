//! Integer mode: formats, epilogues, the proof against overflow, and what remains a multiplication.

use super::operations::{Operations, shift_additions, window};
use crate::integer::{Epilogue, IntegerNetwork, IntegerNode, IntegerOp, accumulator_bound};
use crate::{FixedPoint, Model, Result};
use serde::Serialize;

/// An `M` that is the sum of at most so many signed powers of two needs no multiplier.
const FREE_TERMS: u32 = 3;

/// What the integer network of a file does and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IntegerReport {
    /// In the order of computation.
    pub nodes: Vec<NodeReport>,
    /// Largest possible accumulator, from the codes in the file; below `2^31`.
    pub largest_accumulator: i64,
    /// Whether nothing at all is multiplied.
    pub multiplier_free: bool,
    /// The cost of one picture.
    pub operations: Operations,
}

/// One integer operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeReport {
    /// Name of the graph's node whose value it approximates.
    pub name: String,
    /// What it does, in words.
    pub operation: String,
    /// Format of its value.
    pub format: FixedPoint,
    /// Of a layer: the largest that its codes and its input's format allow.
    pub largest_accumulator: Option<i64>,
    /// Where it ends in one.
    pub epilogue: Option<EpilogueReport>,
}

/// All rescalings of a node, as ranges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EpilogueReport {
    /// Number of rescalings: one, or one for each channel.
    pub channels: usize,
    /// Lowest and highest M.
    pub multiplier: [i32; 2],
    /// Lowest and highest p.
    pub pre_shift: [u8; 2],
    /// Lowest and highest r.
    pub post_shift: [u8; 2],
    /// Channels whose M is a sum of at most three signed powers of two.
    pub multiplier_free_channels: usize,
}

impl IntegerReport {
    pub(super) fn of_model(model: &Model) -> Result<Option<Self>> {
        let Some(network) = &model.integer else { return Ok(None) };
        let proof = network.prove(&model.graph, |name| model.shift_weight(name))?;
        Ok(Some(Self {
            nodes: network.nodes.iter().map(|node| node_report(model, network, node)).collect(),
            largest_accumulator: proof.largest_accumulator,
            multiplier_free: network.is_multiplier_free(),
            operations: operations(model, network)?,
        }))
    }
}

fn node_report(model: &Model, network: &IntegerNetwork, node: &IntegerNode) -> NodeReport {
    NodeReport {
        name: node.name.clone(),
        operation: operation(&node.op),
        format: node.format,
        largest_accumulator: largest_accumulator(model, network, node),
        epilogue: epilogue_report(node.op.epilogues()),
    }
}

fn largest_accumulator(model: &Model, network: &IntegerNetwork, node: &IntegerNode) -> Option<i64> {
    let IntegerOp::Layer { layer, .. } = &node.op else { return None };
    let weight = model.shift_weight(&model.graph.nodes[*layer].name)?;
    let input = network.nodes[*node.inputs.first()?].format.max_magnitude();
    (0..weight.channels()).map(|channel| accumulator_bound(weight, channel, input)).max()
}

fn epilogue_report(epilogues: &[Epilogue]) -> Option<EpilogueReport> {
    let rescales = || epilogues.iter().flat_map(|epilogue| &epilogue.rescales);
    Some(EpilogueReport {
        channels: rescales().count(),
        multiplier: range(rescales().map(|rescale| rescale.multiplier))?,
        pre_shift: range(rescales().map(|rescale| rescale.pre_shift))?,
        post_shift: range(rescales().map(|rescale| rescale.post_shift))?,
        multiplier_free_channels: rescales()
            .filter(|rescale| rescale.multiplier_terms() <= FREE_TERMS)
            .count(),
    })
}

fn range<T: Ord + Copy>(values: impl Iterator<Item = T> + Clone) -> Option<[T; 2]> {
    Some([values.clone().min()?, values.max()?])
}

fn operations(model: &Model, network: &IntegerNetwork) -> Result<Operations> {
    let shapes = network.shapes(&model.graph)?;
    let mut operations = Operations::default();
    for (node, shape) in network.nodes.iter().zip(&shapes) {
        if let IntegerOp::Layer { layer, .. } = node.op {
            operations.shift_additions += shift_additions(model, &model.graph.nodes[layer], shape);
        }
        if let IntegerOp::Multiply(_) = node.op {
            operations.multiply(&node.name, "product of activations", elements(shape));
        }
        let in_epilogues = match &node.op {
            IntegerOp::Concat(epilogues) => {
                let operands = node.inputs.iter().map(|&input| &shapes[input]);
                epilogues.iter().zip(operands).map(|(epilogue, shape)| multiplications(epilogue, shape)).sum()
            }
            op => op.epilogues().iter().map(|epilogue| multiplications(epilogue, shape)).sum(),
        };
        operations.multiply(&node.name, "epilogue", in_epilogues);
    }
    Ok(operations)
}

fn elements(shape: &[usize]) -> u64 {
    shape.iter().map(|&size| size as u64).product()
}

fn multiplications(epilogue: &Epilogue, shape: &[usize]) -> u64 {
    let needed = epilogue.rescales.iter().filter(|rescale| rescale.multiplier_terms() > FREE_TERMS).count();
    needed as u64 * (elements(shape) / epilogue.channels.max(1) as u64)
}

fn operation(op: &IntegerOp) -> String {
    match op {
        IntegerOp::Input(tables) if tables.count > 0 => "input, tables for u8".into(),
        IntegerOp::Input(_) => "input".into(),
        IntegerOp::Layer { .. } => "layer".into(),
        IntegerOp::Scale(_) => "scale".into(),
        IntegerOp::Add(_) => "add".into(),
        IntegerOp::Multiply(_) => "multiply".into(),
        IntegerOp::Concat(_) => "concat".into(),
        IntegerOp::AvgPool { pool, .. } => format!("average pool {}", window(pool)),
        IntegerOp::MaxPool(pool) => format!("max pool {}", window(pool)),
        IntegerOp::Table(_) => "table".into(),
        IntegerOp::Move(movement) => movement.label(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integer::Rescale;

    #[test]
    fn only_channels_that_three_powers_of_two_cannot_scale_multiply() {
        let rescale = |multiplier| Rescale { multiplier, ..Rescale::default() };
        // 85 is the sum of four powers of two, 11 of three.
        let epilogue = Epilogue::new([85, 11, 64, -85].map(rescale).to_vec());
        assert_eq!(multiplications(&epilogue, &[4, 5, 5]), 50);
        assert_eq!(multiplications(&Epilogue::new(vec![rescale(85)]), &[4, 5, 5]), 100);
        let report = epilogue_report(std::slice::from_ref(&epilogue)).unwrap();
        assert_eq!((report.multiplier, report.multiplier_free_channels), ([-85, 85], 2));
    }
}
