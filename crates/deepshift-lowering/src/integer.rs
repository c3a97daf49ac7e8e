//! Integer networks as operations.

use crate::layer::{Geometry, Layer, Path, Weights};
use crate::network::{Coding, Element, End, Kind, Network, Operation, Value, bytes_of};
use crate::weights::{Planes, codes, naive, rescales};
use deepshift_core::graph::Shape;
use deepshift_core::integer::{Epilogue, IntegerNetwork, IntegerOp};
use deepshift_core::{Error, FixedPoint, Kernel, Model, Result};

/// Puts the operations of a model's integer network together.
pub fn network(model: &Model, kernel: Kernel) -> Result<Network> {
    let integer = integer(model)?;
    let shapes: Vec<Shape> = integer.shapes(&model.graph)?.iter().map(|shape| Shape::new(shape)).collect();
    let needed = deepshift_core::graph::needed(
        integer.nodes.iter().map(|node| node.inputs.as_slice()),
        integer.output,
    );
    let network = Network::new(Value { shape: shapes[0], element: Element::Narrow });
    let mut lowering = Lowering { model, integer, kernel, shapes, network, values: vec![0] };
    for (index, &needed) in needed.iter().enumerate().take(integer.output + 1).skip(1) {
        let value = if needed { lowering.node(index)? } else { 0 };
        lowering.values.push(value);
    }
    lowering.network.output = lowering.values[integer.output];
    Ok(lowering.network)
}

/// The integer network that a file may hold.
pub fn integer(model: &Model) -> Result<&IntegerNetwork> {
    model.integer.as_ref().ok_or_else(|| {
        Error::BadArgument(
            "the file holds no integer network: export it again with calibration pictures".into(),
        )
    })
}

struct Lowering<'a> {
    model: &'a Model,
    integer: &'a IntegerNetwork,
    kernel: Kernel,
    shapes: Vec<Shape>,
    network: Network,
    /// The value of each node.
    values: Vec<usize>,
}

impl Lowering<'_> {
    /// Adds the operations of a node and returns its value.
    fn node(&mut self, index: usize) -> Result<usize> {
        let node = &self.integer.nodes[index];
        let input = self.shapes[node.inputs[0]];
        let (kind, epilogue) = match &node.op {
            IntegerOp::Input(_) => return Ok(0),
            IntegerOp::Concat(epilogues) => return Ok(self.concat(index, epilogues)),
            IntegerOp::Layer { layer, epilogue } => (self.layer(index, *layer)?, Some(epilogue)),
            IntegerOp::Scale(epilogue) => (Kind::Identity, Some(epilogue)),
            IntegerOp::Add(epilogue) => {
                let shifts = self.integer.add_shifts(node).map_err(Error::BadArgument)?;
                (Kind::add(&node.name, shifts)?, Some(epilogue))
            }
            IntegerOp::Multiply(epilogue) => (Kind::Multiply, Some(epilogue)),
            IntegerOp::AvgPool { pool, epilogue } => (Kind::SumPool(*pool), Some(epilogue)),
            IntegerOp::MaxPool(pool) => (Kind::MaxPool(*pool), None),
            IntegerOp::Table(tables) => {
                let words = tables.entries.chunks_exact(4).map(|four| {
                    u32::from_le_bytes([four[0] as u8, four[1] as u8, four[2] as u8, four[3] as u8])
                });
                (Kind::Table(self.network.constant(bytes_of(words))), None)
            }
            IntegerOp::Move(movement) => {
                match Kind::movement(&mut self.network, movement, (input, self.shapes[index])) {
                    Some(kind) => (kind, None),
                    None => return Ok(self.values[node.inputs[0]]),
                }
            }
        };
        let channels = self.shapes[index].channels;
        let end = epilogue.map_or(End::AsIs, |epilogue| self.rescale(epilogue, channels, node.format));
        let output = self.network.value(self.shapes[index], element(node.format));
        let operands = node.inputs.iter().map(|&input| self.values[input]).collect();
        self.network.operations.push(Operation { name: node.name.clone(), output, operands, kind, end });
        Ok(output)
    }

    fn rescale(&mut self, epilogue: &Epilogue, channels: usize, format: FixedPoint) -> End {
        End::Rescale(self.network.constant(rescales(epilogue, channels)), format)
    }

    fn concat(&mut self, index: usize, epilogues: &[Epilogue]) -> usize {
        let node = &self.integer.nodes[index];
        let output = self.network.value(self.shapes[index], element(node.format));
        let mut start = 0;
        for (&operand, epilogue) in node.inputs.iter().zip(epilogues) {
            let channels = self.shapes[operand].channels;
            let end = self.rescale(epilogue, channels, node.format);
            self.network.operations.push(Operation {
                name: node.name.clone(),
                output,
                operands: vec![self.values[operand]],
                kind: Kind::concat(start, channels),
                end,
            });
            start += channels;
        }
        output
    }

    fn layer(&mut self, index: usize, layer: usize) -> Result<Kind> {
        let node = &self.integer.nodes[index];
        let float = &self.model.graph.nodes[layer];
        let geometry = Geometry::new(&float.op, self.shapes[node.inputs[0]], self.shapes[index]);
        let (Some(weight), Some(geometry)) = (self.model.shift_weight(&float.name), geometry) else {
            return Err(Error::BadArgument(format!(
                "layer {} has no shift weight: use float mode",
                float.name
            )));
        };
        let path = Path::choose(&geometry, self.kernel);
        let (bytes, weights) = match (self.kernel, path) {
            (_, Path::Naive) => {
                let integers = weight.integers();
                (naive(&geometry, |index| integers[index] as u32), Weights::Words)
            }
            (Kernel::Shift, _) => (codes(&geometry, weight, path), Weights::Shifts(Coding::of(weight))),
            (_, Path::Product) => {
                let Planes { bytes, planes } = Planes::new(&geometry, weight);
                (bytes, Weights::Planes(planes))
            }
            (_, Path::Direct) => (codes(&geometry, weight, path), Weights::Integers(Coding::of(weight))),
        };
        let constant = self.network.constant(bytes);
        Ok(Kind::Layer(Box::new(Layer { geometry, path, weights, constant, rounding: None })))
    }
}

fn element(format: FixedPoint) -> Element {
    if format.fits_i8() { Element::Narrow } else { Element::Wide }
}
