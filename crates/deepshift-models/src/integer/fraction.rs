//! The fraction bits of each value between nodes.

use super::fuse::{Fused, Fusion};
use super::statistics::ActivationStatistics;
use deepshift_core::graph::{Graph, Op};

/// For each node that ends an operation, and is not `wide`, those of the least squared error. What is only concatenated or added to others takes
/// up the rounding of that operation where it can: values are then rounded once, by an epilogue that divides finely. Dividing an
/// integer by a small power of two is mostly a tie or exact, and ties, which go up, add up from layer to layer.
pub(super) fn fraction_bits(
    graph: &Graph,
    fusion: &Fusion,
    statistics: &[ActivationStatistics],
    wide: &[bool],
) -> Vec<i32> {
    let mut bits = vec![0; graph.nodes.len()];
    let mut private = vec![false; graph.nodes.len()];
    let users = graph.users();
    for Fused { start, end, .. } in &fusion.operations {
        let op = &graph.nodes[*start].op;
        let operand = graph.nodes[*start].inputs.first().map(|&input| bits[fusion.value_of[input]]);
        bits[*end] = operand.filter(|_| copies(op)).unwrap_or_else(|| statistics[*end].fraction_bits());
        private[*end] = users[*end].len() == 1 && !copies(op) && !matches!(op, Op::Input(_));
    }
    for Fused { start, end, .. } in fusion.operations.iter().rev().filter(|fused| !wide[fused.end]) {
        let operands = || graph.nodes[*start].inputs.iter().map(|&input| fusion.value_of[input]);
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

/// Whether an operation's values are its operand's, in the same format. (Fusion leaves no dropout, which would be one too.)
pub(super) fn copies(op: &Op) -> bool {
    matches!(op, Op::MaxPool(_) | Op::Flatten | Op::Slice(_) | Op::ChannelShuffle(_) | Op::PadShortcut(_))
}
