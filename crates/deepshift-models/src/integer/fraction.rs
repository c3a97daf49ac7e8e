//! The fraction bits of each value between nodes.

use super::fuse::{Fused, Fusion, copies, fuse, rounds};
use super::statistics::ActivationStatistics;
use deepshift_core::graph::{Graph, Op};

/// For each node that ends an operation and is not `wide`, those of the least squared error. What is only concatenated
/// or added takes up the rounding of that operation where it can: its values are then rounded once, by an epilogue that
/// divides finely. Dividing an integer by a small power of two often gives a tie, and ties, which go up, add up from layer
/// to layer.
pub(super) fn fraction_bits(
    graph: &Graph,
    fusion: &Fusion,
    statistics: &[ActivationStatistics],
    wide: &[bool],
) -> Vec<i32> {
    let mut bits = vec![0; graph.nodes.len()];
    for Fused { start, end, .. } in &fusion.operations {
        let node = &graph.nodes[*start];
        bits[*end] = match copies(&node.op) {
            true => bits[fusion.value_of[node.inputs[0]]],
            false => statistics[*end].fraction_bits(),
        };
    }
    let private = private(graph, fusion);
    for Fused { start, end, .. } in fusion.operations.iter().rev().filter(|fused| !wide[fused.end]) {
        let operands = || operands(graph, fusion, *start);
        let most = bits[*end];
        match graph.nodes[*start].op {
            Op::Concat => operands().filter(|&node| private[node]).for_each(|node| bits[node] = most),
            Op::Add if operands().all(|node| private[node] || bits[node] <= most) => {
                operands().for_each(|node| bits[node] = bits[node].min(most));
            }
            _ => {}
        }
    }
    bits
}

/// The nodes to which integer mode gives a format for their own values' sake: what only one concatenation uses takes that of the
/// whole.
pub fn rounding_nodes(graph: &Graph) -> Vec<usize> {
    let fusion = fuse(graph);
    let private = private(graph, &fusion);
    let mut own = vec![false; graph.nodes.len()];
    for Fused { start, end, .. } in &fusion.operations {
        let op = &graph.nodes[*start].op;
        own[*end] = rounds(op);
        if matches!(op, Op::Concat) {
            operands(graph, &fusion, *start).filter(|&node| private[node]).for_each(|node| own[node] = false);
        }
    }
    (0..own.len()).filter(|&node| own[node]).collect()
}

/// Whether a node rounds its values and only one operation uses them.
fn private(graph: &Graph, fusion: &Fusion) -> Vec<bool> {
    let mut rounding = vec![false; graph.nodes.len()];
    let mut uses = vec![0; graph.nodes.len()];
    for Fused { start, end, .. } in &fusion.operations {
        operands(graph, fusion, *start).for_each(|node| uses[node] += 1);
        rounding[*end] = rounds(&graph.nodes[*start].op);
    }
    rounding.into_iter().zip(uses).map(|(rounding, uses)| rounding && uses == 1).collect()
}

/// The nodes at the ends of the operations that give a node's operands.
fn operands(graph: &Graph, fusion: &Fusion, node: usize) -> impl Iterator<Item = usize> {
    graph.nodes[node].inputs.iter().map(|&input| fusion.value_of[input])
}
