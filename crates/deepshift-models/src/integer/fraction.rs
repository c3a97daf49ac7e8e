//! The fraction bits of each value between nodes.

use super::fuse::{Fused, Fusion, copies, rounds};
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
    let mut own = vec![false; graph.nodes.len()];
    let mut uses = vec![0; graph.nodes.len()];
    for Fused { start, end, .. } in &fusion.operations {
        let node = &graph.nodes[*start];
        node.inputs.iter().for_each(|&input| uses[fusion.value_of[input]] += 1);
        own[*end] = rounds(&node.op);
        bits[*end] = match copies(&node.op) {
            true => bits[fusion.value_of[node.inputs[0]]],
            false => statistics[*end].fraction_bits(),
        };
    }
    let private = |node: usize| own[node] && uses[node] == 1;
    for Fused { start, end, .. } in fusion.operations.iter().rev().filter(|fused| !wide[fused.end]) {
        let operands = || graph.nodes[*start].inputs.iter().map(|&input| fusion.value_of[input]);
        let most = bits[*end];
        match graph.nodes[*start].op {
            Op::Concat => operands().filter(|&node| private(node)).for_each(|node| bits[node] = most),
            Op::Add if operands().all(|node| private(node) || bits[node] <= most) => {
                operands().for_each(|node| bits[node] = bits[node].min(most));
            }
            _ => {}
        }
    }
    bits
}
