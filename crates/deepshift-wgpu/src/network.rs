//! A network as a list of operations on the GPU, for any number of pictures.

use crate::layer::Layer;
use crate::shader::Shader;

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

/// Shape of one picture; a vector is a picture of one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

/// The values of a node, `[picture, height, width, quad]`.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    pub shape: Shape,
    pub element: Element,
}

/// Everything that an executor needs. Values and constants are known by their indices.
pub struct Network {
    pub values: Vec<Value>,
    pub constants: Vec<Vec<u8>>,
    pub operations: Vec<Operation>,
    pub input: usize,
    pub output: usize,
}

/// What computes one value, or one part of it.
pub struct Operation {
    /// Name of the node.
    pub name: String,
    pub output: usize,
    /// Values that are read, by the number of their binding.
    pub operands: Vec<(u32, usize)>,
    /// Constants by the number of their binding.
    pub constants: Vec<(u32, usize)>,
    pub program: Program,
}

/// The shader of an operation.
pub enum Program {
    /// A thread for each of so many quads of a picture.
    Each(Shader, usize),
    /// Depends on the number of pictures.
    Layer(Box<Layer>),
}

/// A shader and how many workgroups it takes.
pub struct Dispatch {
    pub shader: Shader,
    pub workgroups: u64,
}

/// Threads of a workgroup in every shader.
pub const WORKGROUP: usize = 64;

/// Binding of the result, of the parameters that end an operation, of its first operand and, in layers, of the weights.
pub const OUTPUT: u32 = 0;
pub const PARAMETERS: u32 = 1;
pub const OPERAND: u32 = 2;
pub const WEIGHTS: u32 = 3;

impl Element {
    pub fn quad_bytes(self) -> usize {
        match self {
            Self::Narrow => 4,
            Self::Wide | Self::Float => 16,
        }
    }
}

impl Shape {
    /// From a graph's `[channels, height, width]` or `[features]`.
    pub fn new(shape: &[usize]) -> Self {
        let at = |axis: usize| shape.get(axis).copied().unwrap_or(1);
        Self { channels: at(0), height: at(1), width: at(2) }
    }

    pub fn pixels(self) -> usize {
        self.height * self.width
    }

    /// Quads of a pixel.
    pub fn quads(self) -> usize {
        self.channels.div_ceil(4)
    }

    pub fn elements(self) -> usize {
        self.channels * self.pixels()
    }
}

impl Value {
    /// Bytes of one picture.
    pub fn bytes(&self) -> usize {
        self.shape.pixels() * self.shape.quads() * self.element.quad_bytes()
    }
}

impl Network {
    pub fn new(input: Value) -> Self {
        Self { values: vec![input], constants: Vec::new(), operations: Vec::new(), input: 0, output: 0 }
    }

    pub fn value(&mut self, shape: Shape, element: Element) -> usize {
        self.values.push(Value { shape, element });
        self.values.len() - 1
    }

    pub fn constant(&mut self, bytes: Vec<u8>) -> usize {
        self.constants.push(bytes);
        self.constants.len() - 1
    }
}

impl Program {
    pub fn dispatch(&self, pictures: usize) -> Dispatch {
        match self {
            Self::Each(shader, quads) => {
                let threads = pictures as u64 * *quads as u64;
                Dispatch { shader: shader.clone(), workgroups: threads.div_ceil(WORKGROUP as u64) }
            }
            Self::Layer(layer) => layer.dispatch(pictures),
        }
    }
}

/// Little-endian bytes of words.
pub fn bytes_of(words: impl IntoIterator<Item = u32>) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}
