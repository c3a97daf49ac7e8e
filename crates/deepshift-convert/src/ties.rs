//! Which channels of which nodes can only be scaled together.

use deepshift_core::Result;
use deepshift_core::graph::{Activation, Graph, Op};
use std::ops::Range;

/// The channels of all nodes, in classes: whoever scales a channel scales its whole class, and the layers before and after
/// the class can make up for it.
pub(crate) struct Ties {
    /// Of each node, its channels in `parent`.
    channels: Vec<Range<usize>>,
    /// Leads from a channel to the one that stands for its class.
    parent: Vec<usize>,
}

/// Stands for the channels that have to stay as they are.
const FIXED: usize = 0;

impl Ties {
    pub fn new(graph: &Graph) -> Result<Self> {
        let shapes = graph.shapes()?;
        let starts = shapes.iter().scan(FIXED + 1, |end, shape| {
            let start = *end;
            *end += shape[0];
            Some(start..*end)
        });
        let channels: Vec<Range<usize>> = starts.collect();
        let mut ties = Self { parent: (0..channels.last().map_or(1, |last| last.end)).collect(), channels };
        for (index, node) in graph.nodes.iter().enumerate() {
            match node.op {
                Op::Conv2d(_) | Op::Linear(_) => {}
                Op::Activation(Activation::Relu)
                | Op::MaxPool(_)
                | Op::AvgPool(_)
                | Op::AdaptiveAvgPool(_)
                | Op::Add
                | Op::Concat
                | Op::Flatten
                | Op::Dropout(_)
                | Op::DropPath(_) => ties.tie_operands(graph, index),
                // No factor goes through these. BatchNorm, through which one would, has scaled its channels itself.
                _ => node.inputs.iter().chain([&index]).for_each(|&node| ties.fix(node)),
            }
        }
        graph.outputs.iter().for_each(|&node| ties.fix(node));
        Ok(ties)
    }

    /// The classes of a node's channels; none for those that have to stay as they are.
    pub fn classes(&self, node: usize) -> impl Iterator<Item = Option<usize>> {
        let fixed = self.class(FIXED);
        self.channels[node]
            .clone()
            .map(move |channel| Some(self.class(channel)).filter(|&class| class != fixed))
    }

    /// Every class is less than this.
    pub fn limit(&self) -> usize {
        self.parent.len()
    }

    /// Flattening makes several features of one channel.
    fn tie_operands(&mut self, graph: &Graph, index: usize) {
        let node = &graph.nodes[index];
        let own = self.channels[index].clone();
        let repeat = match node.op {
            Op::Flatten => own.len() / self.channels[node.inputs[0]].len(),
            _ => 1,
        };
        let mut start = own.start;
        for &operand in &node.inputs {
            let channels = self.channels[operand].clone();
            for (place, channel) in channels.clone().enumerate() {
                (0..repeat).for_each(|pixel| self.tie(channel, start + place * repeat + pixel));
            }
            if matches!(node.op, Op::Concat) {
                start += channels.len();
            }
        }
    }

    fn fix(&mut self, node: usize) {
        self.channels[node].clone().for_each(|channel| self.tie(FIXED, channel));
    }

    fn tie(&mut self, a: usize, b: usize) {
        let (a, b) = (self.class(a), self.class(b));
        self.parent[b] = a;
    }

    fn class(&self, mut channel: usize) -> usize {
        while self.parent[channel] != channel {
            channel = self.parent[channel];
        }
        channel
    }
}
