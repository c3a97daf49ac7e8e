//! Which channels of which nodes can only be scaled together.

use deepshift_core::Result;
use deepshift_core::graph::{Graph, Movement, Op, Shape};
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
            let properties = node.op.properties();
            match &node.op {
                // Its weights make up for the factors of both sides.
                _ if properties.layer.is_some() => {}
                _ if !properties.lets_scale_through => {
                    node.inputs.iter().chain([&index]).for_each(|&node| ties.fix(node));
                }
                Op::Move(movement) => ties.tie_moved(movement, &shapes, [node.inputs[0], index]),
                _ => ties.tie_operands(graph, index),
            }
        }
        graph.outputs.iter().for_each(|&node| ties.fix(node));
        Ok(ties)
    }

    /// The classes of a node's channels; none for those that have to stay as they are.
    pub fn classes(&self, node: usize) -> impl Iterator<Item = Option<usize>> {
        self.channels[node].clone().map(|channel| Some(self.class(channel)).filter(|&class| class != FIXED))
    }

    /// Every class is less than this.
    pub fn limit(&self) -> usize {
        self.parent.len()
    }

    /// Channels of a movement are tied to all that their pixels come from; zeros stay zeros whatever their channel's factor is.
    fn tie_moved(&mut self, movement: &Movement, shapes: &[Vec<usize>], [from, to]: [usize; 2]) {
        let [input, output] = [from, to].map(|node| Shape::new(&shapes[node]));
        let map = movement.index_map(input, output);
        let (sources, own) = (self.channels[from].start, self.channels[to].start);
        for channel in 0..map.channels.len() {
            for pixel in 0..map.pixels.len() {
                if let Some(source) = map.source(channel, pixel) {
                    self.tie(sources + source / input.pixels(), own + channel);
                }
            }
        }
    }

    fn tie_operands(&mut self, graph: &Graph, index: usize) {
        let node = &graph.nodes[index];
        let mut start = self.channels[index].start;
        for &operand in &node.inputs {
            let channels = self.channels[operand].clone();
            for (place, channel) in channels.clone().enumerate() {
                self.tie(channel, start + place);
            }
            if matches!(node.op, Op::Concat) {
                start += channels.len();
            }
        }
    }

    fn fix(&mut self, node: usize) {
        self.channels[node].clone().for_each(|channel| self.tie(FIXED, channel));
    }

    /// The first of both stands for them, so that [`FIXED`] always stands for itself.
    fn tie(&mut self, a: usize, b: usize) {
        let (a, b) = (self.class(a), self.class(b));
        self.parent[a.max(b)] = a.min(b);
    }

    fn class(&self, mut channel: usize) -> usize {
        while self.parent[channel] != channel {
            channel = self.parent[channel];
        }
        channel
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::graph::{Activation, BatchNorm, Conv2d, GraphBuilder, PadShortcut, Pool};

    /// Two layers with an operation between them, and the nodes of the first layer and of the operation.
    fn between(op: Op, channels: usize) -> (Graph, [usize; 2]) {
        let mut net = GraphBuilder::new("between", &[3, 8, 8]);
        let first = net.conv("first", 0, Conv2d::square(3, 4, 1));
        let operands =
            if matches!(op, Op::Multiply | Op::Add | Op::Concat) { vec![first; 2] } else { vec![first] };
        let node = net.op("op", op, &operands);
        let logits = net.conv("last", node, Conv2d::square(channels, 2, 1));
        (net.finish(logits), [first, node])
    }

    fn classes(graph: &Graph, nodes: [usize; 2]) -> [Vec<Option<usize>>; 2] {
        let ties = Ties::new(graph).unwrap();
        nodes.map(|node| ties.classes(node).collect())
    }

    #[test]
    fn what_no_factor_goes_through_is_fixed_on_both_sides() {
        let shortcut = PadShortcut { stride: 1, before: 1, after: 1 };
        let fixing = [
            (Op::BatchNorm(BatchNorm { channels: 4, eps: 1e-3 }), 4),
            (Op::Activation(Activation::Relu6), 4),
            (Op::Activation(Activation::Sigmoid), 4),
            (Op::Activation(Activation::Swish), 4),
            (Op::Multiply, 4),
            (Op::Move(Movement::channels([1, 3])), 2),
            (Op::Move(Movement::ChannelShuffle(2)), 4),
            (Op::Move(Movement::PadShortcut(shortcut)), 6),
        ];
        for (op, channels) in fixing {
            let (graph, nodes) = between(op.clone(), channels);
            assert_eq!(classes(&graph, nodes), [vec![None; 4], vec![None; channels]], "{op:?}");
        }
    }

    #[test]
    fn what_a_factor_goes_through_has_the_classes_of_its_operands() {
        let pool = Pool { kernel: [2; 2], stride: [2; 2], padding: [1; 2], ceil_mode: false };
        let tying = [
            Op::Activation(Activation::Relu),
            Op::MaxPool(pool),
            Op::AvgPool(pool),
            Op::AdaptiveAvgPool([1, 1]),
            Op::Add,
            Op::Dropout(0.5),
            Op::DropPath(0.5),
        ];
        for op in tying {
            let (graph, nodes) = between(op.clone(), 4);
            let [first, node] = classes(&graph, nodes);
            assert!(first.iter().all(|class| class.is_some()), "{op:?}");
            assert_eq!(node, first, "{op:?}");
        }
        let (graph, nodes) = between(Op::Concat, 8);
        let [first, node] = classes(&graph, nodes);
        assert_eq!(node, first.repeat(2));
    }

    #[test]
    fn flattening_keeps_the_pixels_of_a_channel_together() {
        let mut net = GraphBuilder::new("flatten", &[3, 2, 1]);
        let first = net.conv("first", 0, Conv2d::square(3, 4, 1));
        let flat = net.op("flatten", Op::Move(Movement::Flatten), &[first]);
        let logits = net.linear("last", flat, 8, 2);
        let graph = net.finish(logits);
        let [first, flat] = classes(&graph, [first, flat]);
        assert_eq!(flat, first.iter().flat_map(|&class| [class; 2]).collect::<Vec<_>>());
        assert!(first.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn inputs_and_all_outputs_are_fixed_and_pass_it_on() {
        let mut net = GraphBuilder::new("outputs", &[3, 8, 8]);
        let first = net.conv("first", 0, Conv2d::square(3, 4, 1));
        let relu = net.relu("relu", first);
        let logits = net.conv("last", relu, Conv2d::square(4, 2, 1));
        let mut graph = net.finish(logits);
        assert!(classes(&graph, [first, relu]).concat().iter().all(|class| class.is_some()));
        assert!(classes(&graph, [0, logits]).concat().iter().all(|class| class.is_none()));
        graph.outputs.push(relu);
        assert!(classes(&graph, [first, relu]).concat().iter().all(|class| class.is_none()));
    }
}
