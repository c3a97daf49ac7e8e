//! A network as a list of operations, for any number of pictures.

use crate::layer::Layer;
use deepshift_core::graph::{Activation, Movement, Pool, Shape};
use deepshift_core::{Error, FixedPoint, Result, ShiftType, ShiftWeight};

/// How the four channels of a quad are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// An i8 each, in one word.
    Narrow,
    /// An i32 each.
    Wide,
    /// An f32 each.
    Float,
}

/// The values of a node, `[picture, height, width, quad]`.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// The shape of one picture.
    pub shape: Shape,
    /// How channels are kept.
    pub element: Element,
}

/// Everything that an executor needs. Values and constants are known by their indices.
pub struct Network {
    /// What operations read and write.
    pub values: Vec<Value>,
    /// Weights and parameters as kernels read them, whole words each.
    pub constants: Vec<Vec<u8>>,
    /// In the order of computation.
    pub operations: Vec<Operation>,
    /// The value that holds the inputs.
    pub input: usize,
    /// The value that becomes the logits.
    pub output: usize,
}

/// What computes one value, or one part of it.
pub struct Operation {
    /// Name of the node.
    pub name: String,
    /// The value that is written.
    pub output: usize,
    /// Values that are read.
    pub operands: Vec<usize>,
    /// What is computed.
    pub kind: Kind,
    /// What is done with each result before it is stored.
    pub end: End,
}

/// What an operation computes from its operands.
pub enum Kind {
    /// A convolution or linear layer.
    Layer(Box<Layer>),
    /// The operand: the end does everything.
    Identity,
    /// An entry of this constant, 256 i8, for each i8 `q` at `q + 128`.
    Table(usize),
    /// A function of float mode.
    Activation(Activation),
    /// The sum, each operand shifted left by so many bits first.
    Add(Vec<u32>),
    /// The product of two operands; a second one of a single pixel serves the whole picture.
    Multiply,
    /// The operand, which becomes the output's channels from `start` on and touches so many quads of a pixel. The operands
    /// of a concatenation follow each other, because two of them may share a quad.
    Concat {
        /// The first channel.
        start: usize,
        /// Quads, the first and the last of them perhaps in part.
        touched: usize,
    },
    /// The largest value of each window; padding does not count.
    MaxPool(Pool),
    /// The sum of each window.
    SumPool(Pool),
    /// The mean of each window, or without one those of PyTorch's `adaptive_avg_pool2d`.
    MeanPool(Option<Pool>),
    /// Values in other places, as an [`IndexMap`](deepshift_core::graph::IndexMap) in this constant says: an entry of 32 bits
    /// for each channel of the output, then one for each of its pixels.
    Gather(usize),
}

/// What is done with results before they are stored.
pub enum End {
    /// Nothing.
    AsIs,
    /// `clamp(((acc >> p) * M + B) >> r, lowest, highest)`, with the parameters in a constant that has four M, four B,
    /// four p and four r, 32 bits each, for each quad.
    Rescale(usize, FixedPoint),
    /// `acc * scale + offset`; four scales and four offsets for each quad.
    Affine(usize),
    /// `(x - mean) * scale + offset`; four means, scales and offsets for each quad.
    Norm(usize),
}

/// How weights are coded, as kernels that decode them must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coding {
    /// Bits of a code.
    pub bits: u8,
    /// Codes of a weight.
    pub terms: usize,
    /// Whether the first term is of type Q, which has no zero; the second is always of type PS.
    pub q: bool,
}

/// Operands of one addition, at most: WebGPU's devices promise eight storage buffers, and two hold the result and its
/// epilogue.
pub const MAX_OPERANDS: usize = 6;

impl Element {
    /// Bytes of a quad.
    pub fn quad_bytes(self) -> usize {
        match self {
            Self::Narrow => 4,
            Self::Wide | Self::Float => 16,
        }
    }
}

impl Value {
    /// Bytes of one picture.
    pub fn bytes(&self) -> usize {
        self.shape.pixels() * self.shape.quads() * self.element.quad_bytes()
    }
}

impl Network {
    pub(crate) fn new(input: Value) -> Self {
        Self { values: vec![input], constants: Vec::new(), operations: Vec::new(), input: 0, output: 0 }
    }

    pub(crate) fn value(&mut self, shape: Shape, element: Element) -> usize {
        self.values.push(Value { shape, element });
        self.values.len() - 1
    }

    pub(crate) fn constant(&mut self, bytes: Vec<u8>) -> usize {
        self.constants.push(bytes);
        self.constants.len() - 1
    }
}

impl Kind {
    /// A movement between these shapes; `None` where every value stays at its place.
    pub(crate) fn movement(
        network: &mut Network,
        movement: &Movement,
        (input, output): (Shape, Shape),
    ) -> Option<Self> {
        if matches!(movement, Movement::Flatten) && input.pixels() == 1 {
            return None;
        }
        let map = movement.index_map(input, output);
        Some(Self::Gather(network.constant(bytes_of(map.channels.into_iter().chain(map.pixels)))))
    }

    /// An addition, if it has not too many operands.
    pub(crate) fn add(name: &str, shifts: Vec<u32>) -> Result<Self> {
        if shifts.len() > MAX_OPERANDS {
            return Err(Error::Limit(format!(
                "node {name}: an addition of {} operands, and GPUs take {MAX_OPERANDS}",
                shifts.len()
            )));
        }
        Ok(Self::Add(shifts))
    }

    /// One operand of a concatenation, of so many channels.
    pub(crate) fn concat(start: usize, channels: usize) -> Self {
        Self::Concat { start, touched: (start + channels).div_ceil(4) - start / 4 }
    }

    /// The constant that the operation reads beside its end's: weights or a table.
    pub fn constant(&self) -> Option<usize> {
        match self {
            Self::Layer(layer) => Some(layer.constant),
            Self::Table(constant) | Self::Gather(constant) => Some(*constant),
            Self::Identity
            | Self::Activation(_)
            | Self::Add(_)
            | Self::Multiply
            | Self::Concat { .. }
            | Self::MaxPool(_)
            | Self::SumPool(_)
            | Self::MeanPool(_) => None,
        }
    }
}

impl End {
    /// The constant that holds the parameters.
    pub fn constant(&self) -> Option<usize> {
        match self {
            Self::AsIs => None,
            Self::Rescale(constant, _) | Self::Affine(constant) | Self::Norm(constant) => Some(*constant),
        }
    }
}

impl Coding {
    pub(crate) fn of(weight: &ShiftWeight) -> Self {
        Self {
            bits: weight.format.bits,
            terms: 1 + usize::from(weight.second.is_some()),
            q: weight.format.shift_type == ShiftType::Q,
        }
    }
}

/// Little-endian bytes of words.
pub(crate) fn bytes_of(words: impl IntoIterator<Item = u32>) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}
