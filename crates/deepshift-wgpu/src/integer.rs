//! Integer networks as operations on the GPU.

use crate::gpu::Traits;
use crate::layer::{Geometry, Layer, Path};
use crate::network::{
    Element, Network, OPERAND, Operation, PARAMETERS, Program, Shape, Value, WEIGHTS, bytes_of,
};
use crate::operations;
use crate::shader::Shader;
use crate::weights::{Planes, codes, naive, rescales};
use crate::{Error, Result};
use deepshift_core::graph::Pool;
use deepshift_core::integer::{Epilogue, IntegerNetwork, IntegerNode, IntegerOp};
use deepshift_core::{FixedPoint, Kernel, Model, ShiftType, ShiftWeight};
use deepshift_shaders as wgsl;

/// Puts the operations of a model's integer network together.
pub fn network(model: &Model, kernel: Kernel, traits: Traits) -> Result<Network> {
    let integer = model.integer.as_ref().ok_or_else(|| {
        Error::BadArgument(
            "the file holds no integer network: export it again with calibration pictures".into(),
        )
    })?;
    let shapes: Vec<Shape> = integer.shapes(&model.graph)?.iter().map(|shape| Shape::new(shape)).collect();
    let needed = deepshift_core::graph::needed(
        integer.nodes.iter().map(|node| node.inputs.as_slice()),
        integer.output,
    );
    let network = Network::new(Value { shape: shapes[0], element: Element::Narrow });
    let mut lowering = Lowering { model, integer, kernel, traits, shapes, network, values: vec![0] };
    for (index, &needed) in needed.iter().enumerate().take(integer.output + 1).skip(1) {
        let value = if needed { lowering.node(index)? } else { 0 };
        lowering.values.push(value);
    }
    lowering.network.output = lowering.values[integer.output];
    Ok(lowering.network)
}

struct Lowering<'a> {
    model: &'a Model,
    integer: &'a IntegerNetwork,
    kernel: Kernel,
    traits: Traits,
    shapes: Vec<Shape>,
    network: Network,
    /// The value of each node.
    values: Vec<usize>,
}

impl Lowering<'_> {
    /// Adds the operations of a node and returns its value.
    fn node(&mut self, index: usize) -> Result<usize> {
        let integer = self.integer;
        let node = &integer.nodes[index];
        let (input, output) = (self.shapes[node.inputs[0]], self.shapes[index]);
        let quads = output.pixels() * output.quads();
        let each = |shader: Shader| Program::Each(shader.set("QUADS", output.quads()), quads);
        Ok(match &node.op {
            IntegerOp::Layer { layer, epilogue } => self.layer(index, *layer, epilogue)?,
            IntegerOp::Scale(epilogue) => {
                let shader =
                    self.ending(node, &[wgsl::IDENTITY, wgsl::EACH]).set("CHANNELS", output.channels);
                self.push(index, each(shader), Some(epilogue), vec![])
            }
            IntegerOp::Add(epilogue) => {
                let shifts = integer.add_shifts(node).map_err(Error::BadArgument)?;
                let shader = self.ending(node, &[wgsl::MOVED_INTEGER, wgsl::ADD]);
                let program = each(operations::add(shader, &node.name, &shifts)?);
                self.push(index, program, Some(epilogue), vec![])
            }
            IntegerOp::Multiply(epilogue) => {
                let gate = self.shapes[node.inputs[1]];
                let shader =
                    self.ending(node, &[wgsl::MULTIPLY]).set("REPEAT", output.pixels() / gate.pixels());
                self.push(index, each(shader), Some(epilogue), vec![])
            }
            IntegerOp::Concat(epilogues) => self.concat(index, epilogues),
            IntegerOp::AvgPool { pool, epilogue } => {
                let shader = self.ending(node, &[wgsl::MEAN_NONE, wgsl::POOL]).set("LEAST", 0);
                self.push(index, each(pooling(shader, pool, input, output)), Some(epilogue), vec![])
            }
            IntegerOp::MaxPool(pool) => {
                let shader =
                    Shader::new(&[wgsl::NARROW, wgsl::OUT_SAME, wgsl::AS_IS, wgsl::MEAN_NONE, wgsl::POOL]);
                let shader = pooling(shader, pool, input, output).set("LARGEST", true).set("LEAST", -128);
                self.push(index, each(shader), None, vec![])
            }
            IntegerOp::Table(tables) => {
                let words = tables.entries.chunks_exact(4).map(|four| {
                    u32::from_le_bytes([four[0] as u8, four[1] as u8, four[2] as u8, four[3] as u8])
                });
                let table = self.network.constant(bytes_of(words));
                let shader =
                    Shader::new(&[wgsl::NARROW, wgsl::OUT_SAME, wgsl::AS_IS, wgsl::TABLE, wgsl::EACH])
                        .set("CHANNELS", output.channels);
                self.push(index, each(shader), None, vec![(WEIGHTS, table)])
            }
            IntegerOp::Flatten if input.pixels() == 1 => self.values[node.inputs[0]],
            IntegerOp::Flatten => {
                let shader = operations::flatten(self.element_file(node.inputs[0]), input, output);
                self.push(index, Program::Each(shader, quads), None, vec![])
            }
            IntegerOp::Slice([start, _]) => {
                let shader = operations::slice(wgsl::NARROW, *start, input, output);
                self.push(index, Program::Each(shader, quads), None, vec![])
            }
            IntegerOp::ChannelShuffle(groups) => {
                let shader = operations::shuffle(wgsl::NARROW, *groups, output);
                self.push(index, Program::Each(shader, quads), None, vec![])
            }
            IntegerOp::PadShortcut(shortcut) => {
                let shader = operations::pad_shortcut(wgsl::NARROW, shortcut, input, output);
                self.push(index, Program::Each(shader, quads), None, vec![])
            }
            IntegerOp::Input(_) => 0,
        })
    }

    fn element(&self, format: FixedPoint) -> Element {
        if format.fits_i8() { Element::Narrow } else { Element::Wide }
    }

    fn element_file(&self, node: usize) -> &'static str {
        match self.element(self.integer.nodes[node].format) {
            Element::Wide => wgsl::WIDE,
            _ => wgsl::NARROW,
        }
    }

    /// A shader from i8 operands that ends in a rescaling to this node's format.
    fn ending(&self, node: &IntegerNode, files: &[&'static str]) -> Shader {
        let all: Vec<&str> = self.ending_files(node).into_iter().chain(files.iter().copied()).collect();
        with_format(Shader::new(&all), node.format)
    }

    fn ending_files(&self, node: &IntegerNode) -> [&'static str; 3] {
        let out = if node.format.fits_i8() { wgsl::OUT_SAME } else { wgsl::OUT_WIDE };
        [wgsl::NARROW, out, wgsl::RESCALE]
    }

    fn push(
        &mut self,
        index: usize,
        program: Program,
        epilogue: Option<&Epilogue>,
        mut constants: Vec<(u32, usize)>,
    ) -> usize {
        let node = &self.integer.nodes[index];
        let shape = self.shapes[index];
        if let Some(epilogue) = epilogue {
            constants.push((PARAMETERS, self.network.constant(rescales(epilogue, shape.channels))));
        }
        let output = self.network.value(shape, self.element(node.format));
        let inputs: Vec<usize> = node.inputs.iter().map(|&input| self.values[input]).collect();
        let operands = operations::bindings(&inputs, matches!(node.op, IntegerOp::Add(_)));
        let name = node.name.clone();
        self.network.operations.push(Operation { name, output, operands, constants, program });
        output
    }

    fn concat(&mut self, index: usize, epilogues: &[Epilogue]) -> usize {
        let node = &self.integer.nodes[index];
        let shape = self.shapes[index];
        let output = self.network.value(shape, self.element(node.format));
        let mut start = 0;
        for (&operand, epilogue) in node.inputs.iter().zip(epilogues) {
            let input = self.shapes[operand];
            let parameters = self.network.constant(rescales(epilogue, input.channels));
            let shader = self.ending(node, &[wgsl::CONCAT]);
            self.network.operations.push(Operation {
                name: node.name.clone(),
                output,
                operands: vec![(OPERAND, self.values[operand])],
                constants: vec![(PARAMETERS, parameters)],
                program: operations::concat(shader, start, input, shape),
            });
            start += input.channels;
        }
        output
    }

    fn layer(&mut self, index: usize, layer: usize, epilogue: &Epilogue) -> Result<usize> {
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
        let mut files = self.ending_files(node).to_vec();
        let dot4 = if self.traits.packed_dot { wgsl::DOT4_PACKED } else { wgsl::DOT4_EMULATED };
        let planes =
            (self.kernel == Kernel::Dot && path == Path::Product).then(|| Planes::new(&geometry, weight));
        files.extend(match (self.kernel, path) {
            (_, Path::Naive) => vec![],
            (Kernel::Shift, _) => vec![wgsl::CODES, wgsl::SHIFTED],
            (_, Path::Product) => vec![dot4, wgsl::DOT],
            (_, Path::Direct) => vec![wgsl::CODES, wgsl::DECODED_INTEGER],
        });
        let (format, quads) = (node.format, geometry.output.quads());
        let coding = Coding::of(weight);
        let (bytes, set): (Vec<u8>, Set) = match planes {
            Some(Planes { bytes, planes }) => (
                bytes,
                Box::new(move |shader| {
                    with_format(shader, format).set_all(&[("PLANES", planes), ("DOT_QUADS", quads)])
                }),
            ),
            None if path == Path::Naive => {
                let integers = weight.integers();
                let bytes = naive(&geometry, |index| integers[index] as u32);
                (bytes, Box::new(move |shader| with_format(shader, format)))
            }
            None => (
                codes(&geometry, weight, path),
                Box::new(move |shader| coding.set(with_format(shader, format), quads)),
            ),
        };
        let weights = self.network.constant(bytes);
        let program =
            Program::Layer(Box::new(Layer { geometry, path, files, set, is_cpu: self.traits.is_cpu }));
        Ok(self.push(index, program, Some(epilogue), vec![(WEIGHTS, weights)]))
    }
}

type Set = Box<dyn Fn(Shader) -> Shader + Send + Sync>;

/// What `codes.wgsl` must know.
#[derive(Clone, Copy)]
pub struct Coding {
    bits: u8,
    terms: usize,
    q: bool,
}

impl Coding {
    pub fn of(weight: &ShiftWeight) -> Self {
        Self {
            bits: weight.format.bits,
            terms: 1 + usize::from(weight.second.is_some()),
            q: weight.format.shift_type == ShiftType::Q,
        }
    }

    pub fn set(self, shader: Shader, quads: usize) -> Shader {
        shader.set("Q", self.q).set_all(&[
            ("BITS", self.bits.into()),
            ("TERMS", self.terms),
            ("CODE_QUADS", quads),
        ])
    }
}

fn with_format(shader: Shader, format: FixedPoint) -> Shader {
    shader.set("LOWEST", format.lowest).set("HIGHEST", format.highest)
}

fn pooling(shader: Shader, pool: &Pool, input: Shape, output: Shape) -> Shader {
    operations::pool(shader, Some(pool), input, output)
}
