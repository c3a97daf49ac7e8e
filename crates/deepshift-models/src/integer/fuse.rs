//! Which nodes of a graph one integer operation stands for.

use deepshift_core::graph::{Graph, Op, Values};

/// An operation with what its epilogue takes up: a BatchNorm, then a clamp. Either may be the operation itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fused {
    /// The node that computes.
    pub start: usize,
    /// A BatchNorm that is the node itself or follows at once.
    pub norm: Option<usize>,
    /// The bounds of a function that only clamps, as ReLU does, and is the node itself or follows at once.
    pub clamp: Option<[f32; 2]>,
    /// The last of these nodes; its value is the operation's.
    pub end: usize,
}

/// The operations of a graph in order. Nodes that do nothing in inference stand for their operand.
pub(super) struct Fusion {
    pub operations: Vec<Fused>,
    /// For each node of the graph, the node at the end of the operation that gives its value.
    pub value_of: Vec<usize>,
}

pub(super) fn fuse(graph: &Graph) -> Fusion {
    let users = graph.users();
    let needed = graph.needed();
    let mut fusion = Fusion { operations: Vec::new(), value_of: (0..graph.nodes.len()).collect() };
    let mut taken = vec![false; graph.nodes.len()];
    for start in 0..graph.nodes.len() {
        if taken[start] || !needed[start] {
            continue;
        }
        let node = &graph.nodes[start];
        if node.op.properties().values == Values::Passed {
            fusion.value_of[start] = fusion.value_of[node.inputs[0]];
            continue;
        }
        let fused = follow(graph, &users, start);
        for index in [fused.norm, fused.clamp.map(|_| fused.end)].into_iter().flatten() {
            taken[index] = true;
        }
        fusion.operations.push(fused);
    }
    fusion
}

fn follow(graph: &Graph, users: &[Vec<usize>], start: usize) -> Fused {
    let mut fused = Fused { start, norm: None, clamp: None, end: start };
    let rounds = rounds(&graph.nodes[start].op);
    match graph.nodes[start].op {
        Op::Activation(activation) => {
            fused.clamp = activation.clamp();
            return fused;
        }
        Op::BatchNorm(_) => fused.norm = Some(start),
        _ => {}
    }
    while rounds && let Some(next) = only_user(graph, users, fused.end) {
        match graph.nodes[next].op {
            // A concatenation's epilogues belong to its operands, not to its channels.
            Op::BatchNorm(_) if fused.norm.is_none() && !matches!(graph.nodes[start].op, Op::Concat) => {
                fused.norm = Some(next);
            }
            Op::Activation(activation) if activation.clamp().is_some() => fused.clamp = activation.clamp(),
            _ => break,
        }
        fused.end = next;
        if fused.clamp.is_some() {
            break;
        }
    }
    fused
}

fn only_user(graph: &Graph, users: &[Vec<usize>], index: usize) -> Option<usize> {
    match users[index].as_slice() {
        [user] if index != graph.logits() => Some(*user),
        _ => None,
    }
}

/// Whether an operation's values are its operand's, in the same format.
pub(super) fn copies(op: &Op) -> bool {
    op.properties().values == Values::Copied
}

/// Whether an operation ends in an epilogue, or a table, that rounds to a format of its own.
pub(super) fn rounds(op: &Op) -> bool {
    op.properties().values == Values::Computed
}
