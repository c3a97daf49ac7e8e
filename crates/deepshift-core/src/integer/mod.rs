//! Integer mode: the second graph of a file, whose tensors are all i8 and whose layers end in integer epilogues.

mod epilogue;
mod proof;
mod shape;

pub use epilogue::{Epilogue, Rescale, Target};
pub use proof::{Proof, accumulator_bound};
pub use shape::IntegerShapes;

use crate::fixed::FixedPoint;
use crate::graph::{Movement, Pool};
use serde::Serialize;

/// A network that computes with integers only. Its layers take geometry and weights from the float graph's nodes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntegerNetwork {
    /// Nodes; each one's inputs come before it. The first is the input.
    pub nodes: Vec<IntegerNode>,
    /// Index of the node whose values are the logits.
    pub output: usize,
}

/// One integer operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntegerNode {
    /// Name of the float graph's node whose value this one approximates.
    pub name: String,
    /// What is computed.
    pub op: IntegerOp,
    /// Indices of the nodes that give the operands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<usize>,
    /// Format of the value: i8 between nodes, wider only on the way to the output.
    pub format: FixedPoint,
}

/// The integer operations. `acc` is the exact sum that goes into the epilogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegerOp {
    /// The input; u8 pictures go through a table of each channel.
    Input(ByteTables),
    /// The convolution or linear layer that is this node of the float graph: `acc = sum W * q`.
    Layer {
        /// Index in the float graph.
        layer: usize,
        /// Scale, bias, BatchNorm and the change of format, of each output channel.
        epilogue: Epilogue,
    },
    /// A scale and offset of each channel: `acc = q`.
    Scale(Epilogue),
    /// `acc = sum (q_i << (F_max - F_i))`.
    Add(Epilogue),
    /// `acc = qa * qb`; the second operand may be `[channels, 1, 1]`. A multiplication.
    Multiply(Epilogue),
    /// Each operand through its own epilogue, then one after the other along the channels.
    Concat(Vec<Epilogue>),
    /// `acc = sum` of the window, padding counting as zeros.
    AvgPool {
        /// The windows.
        pool: Pool,
        /// One for all channels.
        epilogue: Epilogue,
    },
    /// Largest `q` of each window.
    MaxPool(Pool),
    /// A function of each element as a table over `q = -128..=127`.
    Table(ByteTables),
    /// Values in other places, by their names in files.
    #[serde(untagged)]
    Move(Movement),
}

/// Tables of 256 entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ByteTables {
    /// Number of tables. An input has one for each channel, or none where it is no picture; a function has one.
    pub count: usize,
    /// `q` for each byte, table after table; kept as bytes in the file.
    #[serde(skip)]
    pub entries: Vec<i8>,
}

impl IntegerOp {
    /// The epilogues, in the order of the operands.
    pub fn epilogues(&self) -> &[Epilogue] {
        match self {
            Self::Layer { epilogue, .. }
            | Self::Scale(epilogue)
            | Self::Add(epilogue)
            | Self::Multiply(epilogue)
            | Self::AvgPool { epilogue, .. } => std::slice::from_ref(epilogue),
            Self::Concat(epilogues) => epilogues,
            Self::Input(_) | Self::MaxPool(_) | Self::Table(_) | Self::Move(_) => &[],
        }
    }

    pub(crate) fn epilogues_mut(&mut self) -> &mut [Epilogue] {
        match self {
            Self::Layer { epilogue, .. }
            | Self::Scale(epilogue)
            | Self::Add(epilogue)
            | Self::Multiply(epilogue)
            | Self::AvgPool { epilogue, .. } => std::slice::from_mut(epilogue),
            Self::Concat(epilogues) => epilogues,
            Self::Input(_) | Self::MaxPool(_) | Self::Table(_) | Self::Move(_) => &mut [],
        }
    }

    /// The tables of an input or a function.
    pub fn tables(&self) -> Option<&ByteTables> {
        match self {
            Self::Input(tables) | Self::Table(tables) => Some(tables),
            Self::Layer { .. }
            | Self::Scale(_)
            | Self::Add(_)
            | Self::Multiply(_)
            | Self::Concat(_)
            | Self::AvgPool { .. }
            | Self::MaxPool(_)
            | Self::Move(_) => None,
        }
    }

    pub(crate) fn tables_mut(&mut self) -> Option<&mut ByteTables> {
        match self {
            Self::Input(tables) | Self::Table(tables) => Some(tables),
            Self::Layer { .. }
            | Self::Scale(_)
            | Self::Add(_)
            | Self::Multiply(_)
            | Self::Concat(_)
            | Self::AvgPool { .. }
            | Self::MaxPool(_)
            | Self::Move(_) => None,
        }
    }
}

impl IntegerNetwork {
    /// Whether no operation multiplies: every epilogue's `M` is a sum of at most three signed powers of two and no
    /// node multiplies activations.
    pub fn is_multiplier_free(&self) -> bool {
        self.nodes.iter().all(|node| {
            !matches!(node.op, IntegerOp::Multiply(_))
                && node.op.epilogues().iter().all(Epilogue::is_multiplier_free)
        })
    }
}
