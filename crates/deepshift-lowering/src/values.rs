//! Inputs on their way to the device, and logits on their way back.

use crate::integer::integer;
use crate::network::{Element, Network, Value};
use deepshift_core::graph::Shape;
use deepshift_core::{Error, FixedPoint, Input, Mode, Model, Preprocessing, Result};

/// How inputs enter a network.
pub struct Entry {
    shape: Shape,
    kind: Kind,
}

enum Kind {
    /// With a table for each channel, or none.
    Integer {
        tables: Vec<[i8; 256]>,
        format: FixedPoint,
    },
    Float {
        tables: Vec<[f32; 256]>,
    },
}

impl Entry {
    /// For a model that is run in this mode. Errors: integer mode of a file that has it not.
    pub fn new(model: &Model, mode: Mode) -> Result<Self> {
        let shape = Shape::new(model.graph.input_shape());
        let kind = match mode {
            Mode::Integer => {
                let node = &integer(model)?.nodes[0];
                let tables = node.op.tables().map_or(&[][..], |tables| tables.entries.as_chunks().0).to_vec();
                Kind::Integer { tables, format: node.format }
            }
            Mode::Float => {
                Kind::Float { tables: model.preprocessing.as_ref().map_or(Vec::new(), float_tables) }
            }
        };
        Ok(Self { shape, kind })
    }

    /// The inputs as quads. Errors: bytes for a file that has no tables for them.
    pub fn quads(&self, input: Input) -> Result<Vec<u8>> {
        let untold =
            || Error::BadArgument("the file does not say how bytes become inputs: give f32 values".into());
        match (&self.kind, input) {
            (Kind::Integer { format, .. }, Input::Values(x)) => {
                Ok(self.arranged(x, |_| |x| [format.quantize(x) as u8]))
            }
            // A vector of features has one table.
            (Kind::Integer { tables, .. }, Input::Pictures(bytes)) if !tables.is_empty() => Ok(self
                .arranged(bytes, |channel| {
                    let table = &tables[channel % tables.len()];
                    |byte| [table[usize::from(byte)] as u8]
                })),
            (Kind::Float { .. }, Input::Values(x)) => Ok(self.arranged(x, |_| f32::to_le_bytes)),
            (Kind::Float { tables }, Input::Pictures(bytes)) if !tables.is_empty() => {
                Ok(self.arranged(bytes, |channel| {
                    let table = &tables[channel % tables.len()];
                    |byte| table[usize::from(byte)].to_le_bytes()
                }))
            }
            _ => Err(untold()),
        }
    }

    /// From channel after channel to channels innermost, padded with zeros to quads. `of_channel` says how a channel is
    /// converted.
    fn arranged<T: Copy, F: Fn(T) -> [u8; N], const N: usize>(
        &self,
        x: &[T],
        of_channel: impl Fn(usize) -> F,
    ) -> Vec<u8> {
        let shape = self.shape;
        let stride = shape.quads() * 4 * N;
        let mut bytes = vec![0; x.len() / shape.elements().max(1) * shape.pixels() * stride];
        let pictures = bytes.chunks_exact_mut(shape.pixels() * stride).zip(x.chunks_exact(shape.elements()));
        for (bytes, x) in pictures {
            for (channel, x) in x.chunks_exact(shape.pixels()).enumerate() {
                let convert = of_channel(channel);
                for (pixel, &x) in bytes.chunks_exact_mut(stride).zip(x) {
                    pixel[channel * N..(channel + 1) * N].copy_from_slice(&convert(x));
                }
            }
        }
        bytes
    }
}

fn float_tables(preprocessing: &Preprocessing) -> Vec<[f32; 256]> {
    let table = |channel| std::array::from_fn(|byte| preprocessing.value(channel, byte as u8));
    (0..preprocessing.mean.len()).map(table).collect()
}

/// How the output's quads become logits.
pub struct Exit {
    value: Value,
    /// Of an integer network.
    format: Option<FixedPoint>,
}

impl Exit {
    /// For the output of a model's network in this mode. Errors: integer mode of a file that has it not.
    pub fn new(model: &Model, mode: Mode, network: &Network) -> Result<Self> {
        let format = match mode {
            Mode::Integer => {
                let integer = integer(model)?;
                Some(integer.nodes[integer.output].format)
            }
            Mode::Float => None,
        };
        Ok(Self { value: network.values[network.output], format })
    }

    /// Logits in the graph's order, channel after channel.
    pub fn logits(&self, quads: &[u8]) -> Vec<f32> {
        let Value { shape, element } = self.value;
        let size = element.quad_bytes() / 4;
        let stride = shape.quads() * 4 * size;
        let mut logits = Vec::with_capacity(quads.len() / size);
        for picture in quads.chunks_exact(shape.pixels() * stride) {
            for channel in 0..shape.channels {
                let at = channel * size..(channel + 1) * size;
                logits.extend(
                    picture.chunks_exact(stride).map(|pixel| self.logit(element, &pixel[at.clone()])),
                );
            }
        }
        logits
    }

    fn logit(&self, element: Element, bytes: &[u8]) -> f32 {
        let word = || bytes.try_into().map_or(0, u32::from_le_bytes);
        let q = match element {
            Element::Float => return f32::from_bits(word()),
            Element::Wide => word() as i32,
            Element::Narrow => i32::from(bytes[0] as i8),
        };
        self.format.map_or(q as f32, |format| format.value(q))
    }
}
