//! How much there is to compute: a small file can ask for more than anybody waits for.

use crate::graph::{Conv2d, Graph, Op, Shape, needed, node_error};
use crate::integer::{IntegerNetwork, IntegerNode};
use crate::{Error, Mode, Model, Result};

/// Kernels compute so many channels side by side, also where there are fewer.
const LANES: u64 = 16;

impl Graph {
    /// Steps that the logits of one picture take in float mode; `u64::MAX` where they are more. A step is a multiplication by
    /// a weight, a position of a pooling's window, or a value of any other operation. Channels count in sixteens, as kernels
    /// compute them.
    ///
    /// # Errors
    /// A graph that does not hold together.
    pub fn work(&self) -> Result<u64> {
        let shapes = self.shapes()?;
        let nodes = self.nodes.iter().map(|node| (&node.op, node.inputs.as_slice()));
        Ok(work(nodes, self.logits(), &shapes))
    }
}

impl IntegerNetwork {
    /// [`Graph::work`] in integer mode.
    ///
    /// # Errors
    /// A network that does not hold together or does not belong to this graph.
    pub fn work(&self, graph: &Graph) -> Result<u64> {
        let shapes = self.shapes(graph)?;
        let op = |node: &IntegerNode| node.graph_op(graph).map_err(|what| node_error(&node.name, what));
        let ops: Vec<Op> = self.nodes.iter().map(op).collect::<Result<_>>()?;
        let nodes = ops.iter().zip(&self.nodes).map(|(op, node)| (op, node.inputs.as_slice()));
        Ok(work(nodes, self.output, &shapes))
    }
}

impl Model {
    /// A picture may take so many steps where nobody allows more: seven times what the largest architecture of
    /// `deepshift-models` takes (VGG-19), and less than half a minute on one core with SIMD.
    pub const WORK_LIMIT: u64 = 1 << 37;

    /// Steps that one picture takes in this mode; see [`Graph::work`].
    ///
    /// # Errors
    /// A model that does not hold together, or integer mode where the file has none.
    pub fn work(&self, mode: Mode) -> Result<u64> {
        match (mode, &self.integer) {
            (Mode::Float, _) => self.graph.work(),
            (Mode::Integer, Some(network)) => network.work(&self.graph),
            (Mode::Integer, None) => Err(Error::argument("the file holds no integer network")),
        }
    }

    /// Refuses a model of which a picture takes more than `limit` steps ([`WORK_LIMIT`](Self::WORK_LIMIT) where nobody chose
    /// another): for everybody who runs files of strangers, before the first run. `u64::MAX` allows everything.
    ///
    /// # Errors
    /// [`Error::Work`], and those of [`work`](Self::work).
    pub fn check_work(&self, mode: Mode, limit: u64) -> Result<()> {
        let steps = self.work(mode)?;
        if steps > limit { Err(Error::Work { steps, limit }) } else { Ok(()) }
    }
}

/// Of the nodes that the output depends on.
fn work<'a>(
    nodes: impl Iterator<Item = (&'a Op, &'a [usize])> + Clone,
    output: usize,
    shapes: &[Vec<usize>],
) -> u64 {
    let needed = needed(nodes.clone().map(|(_, inputs)| inputs), output);
    let mut work = 0u64;
    for ((op, inputs), (shape, needed)) in nodes.zip(shapes.iter().zip(needed)) {
        let input = inputs.first().map_or(shape, |&input| &shapes[input]);
        if needed {
            work = work.saturating_add(op.work(Shape::new(input), Shape::new(shape), inputs.len()));
        }
    }
    work
}

impl Op {
    fn work(&self, input: Shape, output: Shape, operands: usize) -> u64 {
        let values = in_sixteens(output.channels);
        let steps = match self {
            Self::Conv2d(conv) => return conv.work(output),
            Self::Linear(linear) => linear.in_features as u64,
            Self::MaxPool(pool) | Self::AvgPool(pool) => area(input, pool.kernel),
            // A window may begin within a pixel and end within another.
            Self::AdaptiveAvgPool(size) => {
                area(input, [input.height / size[0] + 2, input.width / size[1] + 2])
            }
            Self::Add | Self::Multiply => operands as u64,
            Self::Input(_)
            | Self::BatchNorm(_)
            | Self::Activation(_)
            | Self::Concat
            | Self::Move(_)
            | Self::Dropout(_)
            | Self::DropPath(_) => 1,
        };
        product([output.height as u64, output.width as u64, values, steps])
    }
}

impl Conv2d {
    fn work(&self, output: Shape) -> u64 {
        let channels = match self.is_depthwise() {
            true => in_sixteens(self.out_channels),
            false => (self.groups as u64).saturating_mul(in_sixteens(self.group_out())),
        };
        let fan_in = [self.kernel[0], self.kernel[1], self.group_in()].map(|size| size as u64);
        product([output.height as u64, output.width as u64, channels, product(fan_in)])
    }
}

/// Pixels of a window, as far as the picture goes.
fn area(picture: Shape, window: [usize; 2]) -> u64 {
    product([picture.height.min(window[0]) as u64, picture.width.min(window[1]) as u64])
}

fn in_sixteens(channels: usize) -> u64 {
    (channels as u64).next_multiple_of(LANES)
}

fn product<const N: usize>(factors: [u64; N]) -> u64 {
    factors.into_iter().fold(1, u64::saturating_mul)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Activation, GraphBuilder, Movement, PadShortcut, Pool};

    fn work_of(input: &[usize], op: Op, operands: usize) -> u64 {
        let mut builder = GraphBuilder::new("test", input);
        let node = builder.op("node", op, &vec![0; operands]);
        builder.finish(node).work().unwrap() - Shape::new(input).pixels() as u64 * in_sixteens(input[0])
    }

    #[test]
    fn every_operation_costs_something() {
        let pool = Pool { kernel: [3, 2], stride: [1, 2], padding: [1, 0], ceil_mode: false };
        let cases = [
            (Op::Conv2d(Conv2d::square(8, 24, 3)), 1, 4 * 4 * 9 * 8 * 32),
            (Op::Conv2d(Conv2d { groups: 8, ..Conv2d::square(8, 8, 3) }), 1, 4 * 4 * 9 * 16),
            (Op::Conv2d(Conv2d { groups: 2, ..Conv2d::square(8, 8, 1) }), 1, 6 * 6 * 4 * 32),
            (Op::Activation(Activation::Relu), 1, 6 * 6 * 16),
            (Op::MaxPool(pool), 1, 6 * 3 * 16 * 6),
            (Op::AvgPool(Pool { kernel: [4, 4], stride: [9, 9], padding: [2, 2], ..pool }), 1, 16 * 16),
            (Op::AdaptiveAvgPool([1, 2]), 1, 2 * 16 * 6 * 5),
            (Op::AdaptiveAvgPool([1000, 1]), 1, 1000 * 16 * 2 * 6),
            (Op::Add, 7, 6 * 6 * 16 * 7),
            (Op::Multiply, 2, 6 * 6 * 16 * 2),
            (Op::Concat, 3, 6 * 6 * 32),
            (Op::Move(Movement::Flatten), 1, 288),
            (Op::Move(Movement::channels([2, 3])), 1, 6 * 6 * 16),
            (Op::Move(Movement::ChannelShuffle(2)), 1, 6 * 6 * 16),
            (Op::Move(Movement::PadShortcut(PadShortcut { stride: 2, before: 4, after: 5 })), 1, 3 * 3 * 32),
            (Op::Dropout(0.5), 1, 6 * 6 * 16),
        ];
        for (op, operands, expected) in cases {
            assert_eq!(work_of(&[8, 6, 6], op.clone(), operands), expected, "{op:?}");
        }
    }

    #[test]
    fn what_the_logits_do_not_need_costs_nothing() {
        let mut builder = GraphBuilder::new("test", &[16]);
        let logits = builder.linear("fc", 0, 16, 32);
        let alone = builder.relu("auxiliary", logits);
        let mut graph = builder.finish(logits);
        graph.outputs.push(alone);
        assert_eq!(graph.work().unwrap(), 16 + 16 * 32);
    }

    /// A file of some hundred bytes for which the reference interpreter would need years.
    #[test]
    fn windows_that_take_years_are_refused_and_can_be_allowed() {
        let side = 1 << 13;
        let pool = Pool { kernel: [side; 2], stride: [1; 2], padding: [side / 2; 2], ceil_mode: false };
        let mut builder = GraphBuilder::new("test", &[1, side, side]);
        let x = builder.op("pool", Op::MaxPool(pool), &[0]);
        let x = builder.op("mean", Op::AdaptiveAvgPool([1, 1]), &[x]);
        let model = Model {
            graph: builder.finish(x),
            tensors: Default::default(),
            integer: None,
            preprocessing: None,
            classes: Vec::new(),
            provenance: Default::default(),
        };
        model.check().unwrap();
        let Err(error @ Error::Work { steps, limit }) = model.check_work(Mode::Float, Model::WORK_LIMIT)
        else {
            panic!("it is allowed");
        };
        assert!(steps > 1 << 52 && limit == Model::WORK_LIMIT);
        let message = error.to_string();
        assert!([steps, limit].iter().all(|count| message.contains(&count.to_string())), "{message}");
        assert_eq!(error.code(), "limit");
        assert_eq!(model.check_work(Mode::Float, u64::MAX), Ok(()));
        assert_eq!(model.check_work(Mode::Float, steps), Ok(()));
        assert!(model.check_work(Mode::Float, steps - 1).is_err());
        assert!(matches!(model.check_work(Mode::Integer, u64::MAX), Err(Error::BadArgument(_))));
    }

    #[test]
    fn a_count_beyond_u64_is_the_largest() {
        let conv = Conv2d::square(1 << 20, 1 << 20, 1 << 20);
        assert_eq!(conv.work(Shape { channels: 1 << 20, height: 1 << 20, width: 1 << 20 }), u64::MAX);
    }
}
