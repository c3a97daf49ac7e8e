//! Which nodes of a graph are computed together, and for how long their values are needed.

use deepshift_core::graph::{Activation, Graph, Op};

/// What is done when a node's turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The node's own operation.
    Own,
    /// Nothing: a later node computes it along with itself, or nobody needs it.
    Nothing,
    /// The batch normalisation of node `norm`, what is added to it, and ReLU.
    Norm { norm: usize, addend: Option<usize>, rectified: bool },
}

/// The steps of a forward pass.
pub(super) struct Plan {
    pub steps: Vec<Step>,
    /// For each node, the last one that needs its value.
    pub last_use: Vec<usize>,
}

impl Plan {
    /// On the way to `outputs`, computes each batch normalisation of `graph` together with the addition and the ReLU
    /// that follow it, where nothing else needs what lies between.
    pub fn new(graph: &Graph, outputs: &[usize]) -> Self {
        let mut steps = own_steps(graph, outputs);
        let users = graph.users();
        let norms = graph.nodes.iter().enumerate().filter(|(_, node)| matches!(node.op, Op::BatchNorm(_)));
        for (norm, _) in norms {
            if steps[norm] == Step::Own {
                join(&mut steps, graph, &users, norm);
            }
        }
        Self::of_steps(graph, steps, outputs)
    }

    /// Computes each node on the way to `outputs` for itself.
    pub fn separate(graph: &Graph, outputs: &[usize]) -> Self {
        Self::of_steps(graph, own_steps(graph, outputs), outputs)
    }

    fn of_steps(graph: &Graph, steps: Vec<Step>, outputs: &[usize]) -> Self {
        let mut plan = Self { steps, last_use: vec![0; graph.nodes.len()] };
        for node in 0..graph.nodes.len() {
            for input in plan.inputs(graph, node) {
                plan.last_use[input] = node;
            }
        }
        outputs.iter().for_each(|&output| plan.last_use[output] = usize::MAX);
        plan
    }

    /// The nodes whose values a node's step needs.
    pub fn inputs(&self, graph: &Graph, node: usize) -> Vec<usize> {
        match self.steps[node] {
            Step::Own => graph.nodes[node].inputs.clone(),
            Step::Nothing => Vec::new(),
            Step::Norm { norm, addend, .. } => {
                graph.nodes[norm].inputs.iter().copied().chain(addend).collect()
            }
        }
    }
}

fn own_steps(graph: &Graph, outputs: &[usize]) -> Vec<Step> {
    let mut steps = vec![Step::Nothing; graph.nodes.len()];
    outputs.iter().for_each(|&output| steps[output] = Step::Own);
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        if steps[index] == Step::Own {
            node.inputs.iter().for_each(|&input| steps[input] = Step::Own);
        }
    }
    steps
}

fn join(steps: &mut [Step], graph: &Graph, users: &[Vec<usize>], norm: usize) {
    let only_user = |node: usize| match users[node].as_slice() {
        &[user] if !graph.outputs.contains(&node) => Some(user),
        _ => None,
    };
    let (mut last, mut addend, mut rectified) = (norm, None, false);
    if let Some(user) = only_user(last).filter(|&user| steps[user] == Step::Own)
        && let (Op::Add, &[left, right]) = (&graph.nodes[user].op, graph.nodes[user].inputs.as_slice())
    {
        addend = Some(if left == norm { right } else { left });
        steps[last] = Step::Nothing;
        last = user;
    }
    if let Some(user) = only_user(last)
        && graph.nodes[user].op == Op::Activation(Activation::Relu)
    {
        rectified = true;
        steps[last] = Step::Nothing;
        last = user;
    }
    steps[last] = Step::Norm { norm, addend, rectified };
}

#[cfg(test)]
mod tests {
    use deepshift_core::graph::GraphBuilder;

    use super::*;

    /// Two normalisations that are added; the second ReLU's input has another user.
    fn graph() -> Graph {
        let mut b = GraphBuilder::new("joined", &[4, 3, 3]);
        let left = b.batch_norm("left", 0, 4);
        let right = b.batch_norm("right", 0, 4);
        let sum = b.op("sum", Op::Add, &[right, left]);
        let x = b.op("relu", Op::Activation(Activation::Relu), &[sum]);
        let norm = b.batch_norm("norm", x, 4);
        let y = b.op("relu2", Op::Activation(Activation::Relu), &[norm]);
        let z = b.op("sum2", Op::Add, &[y, norm]);
        b.finish(z)
    }

    #[test]
    fn what_follows_is_joined_where_nothing_else_needs_it() {
        let graph = graph();
        let plan = Plan::new(&graph, &[7]);
        let norm = |norm, addend, rectified| Step::Norm { norm, addend, rectified };
        let expected = [
            Step::Own,
            Step::Nothing,
            norm(2, None, false),
            Step::Nothing,
            norm(1, Some(2), true),
            norm(5, None, false),
            Step::Own,
            Step::Own,
        ];
        assert_eq!(plan.steps, expected);
        assert_eq!(plan.last_use, [4, 0, 4, 0, 5, 7, 7, usize::MAX]);
    }

    #[test]
    fn separate_steps_are_the_nodes_own() {
        let graph = graph();
        let plan = Plan::separate(&graph, &[7]);
        assert!(!plan.steps.contains(&Step::Nothing));
        assert_eq!(plan.last_use, [2, 3, 3, 4, 5, 7, 7, usize::MAX]);
    }

    #[test]
    fn what_no_output_needs_is_left_out() {
        let plan = Plan::new(&graph(), &[4]);
        assert_eq!(plan.steps[5..], [Step::Nothing; 3]);
        assert_eq!(plan.last_use[4..], [usize::MAX, 0, 0, 0]);
    }
}
