//! Two networks side by side over all calibration pictures: the float one and the one being converted, each node computed
//! once where memory allows.

use crate::{Error, Result};
use deepshift_core::graph::Graph;
use deepshift_core::{Input, Model};
use deepshift_cpu::FloatNodes;
use std::collections::BTreeMap;

/// A node's values in both networks, `[pictures, height, width, channels]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pair {
    pub float: Vec<f32>,
    pub converted: Vec<f32>,
}

/// Some pictures, and how far they have gone through the networks.
pub(crate) struct Chunk {
    /// The first picture.
    pub first: usize,
    pub pictures: usize,
    /// Nodes before this one have been computed.
    position: usize,
    /// Of those that later nodes need.
    values: BTreeMap<usize, Pair>,
}

/// Both networks.
pub(crate) struct Networks<'a> {
    input: Input<'a>,
    pictures: usize,
    input_elements: usize,
    operands: Vec<Vec<usize>>,
    needed: Vec<bool>,
    last_use: Vec<usize>,
    /// For each position, bytes of the values that a picture keeps there.
    kept: Vec<usize>,
    largest: usize,
    /// Bytes that all pictures together may keep.
    memory: usize,
    float: FloatNodes,
    pub converted: FloatNodes,
}

/// Where values between two layers would take more, they are computed again from what was kept before.
const MEMORY: usize = 3 << 29;

/// As the executor's: chunks small enough for caches, and large enough to use each weight often.
const MAX_CHUNK: usize = 16;
const CHUNK_ELEMENTS: usize = 1 << 20;

impl<'a> Networks<'a> {
    /// An error without pictures.
    pub fn new(model: &Model, converted: &Model, input: Input<'a>) -> Result<Self> {
        let graph = &model.graph;
        let pictures = input.count(graph.input_shape())?;
        if pictures == 0 {
            return Err(Error::BadArgument("there are no calibration pictures".into()));
        }
        let shapes = graph.shapes()?;
        let elements: Vec<usize> = shapes.iter().map(|shape| shape.iter().product()).collect();
        let needed = graph.needed();
        let last_use = last_uses(graph, &needed);
        let kept = (0..=graph.nodes.len())
            .map(|position| {
                let kept = (0..position).filter(|&node| needed[node] && last_use[node] >= position);
                kept.map(|node| elements[node] * 8).sum()
            })
            .collect();
        Ok(Self {
            input,
            pictures,
            input_elements: elements[0],
            operands: graph.nodes.iter().map(|node| node.inputs.clone()).collect(),
            largest: (0..elements.len())
                .filter(|&node| needed[node])
                .map(|node| elements[node])
                .max()
                .unwrap_or(1),
            needed,
            last_use,
            kept,
            memory: MEMORY,
            float: FloatNodes::new(model)?,
            converted: FloatNodes::new(converted)?,
        })
    }

    /// Nodes of each network.
    pub fn nodes(&self) -> usize {
        self.operands.len()
    }

    pub fn is_needed(&self, node: usize) -> bool {
        self.needed[node]
    }

    /// All pictures, at the start.
    pub fn chunks(&self) -> Vec<Chunk> {
        let (all, size) = (self.pictures, (CHUNK_ELEMENTS / self.largest.max(1)).clamp(1, MAX_CHUNK));
        (0..all)
            .step_by(size)
            .map(|first| Chunk {
                first,
                pictures: size.min(all - first),
                position: 0,
                values: BTreeMap::new(),
            })
            .collect()
    }

    /// Takes a chunk up to a layer, which sees in both networks what `look` gets: the values of all nodes that the layer
    /// or later ones need, and the layer's own values in the float network.
    pub fn advance<T>(
        &self,
        chunk: &mut Chunk,
        layer: usize,
        look: impl FnOnce(&BTreeMap<usize, Pair>, &[f32]) -> T,
    ) -> Result<T> {
        let limit = self.memory / self.pictures;
        let stay = (chunk.position + 1..=layer).rev().find(|&position| self.kept[position] <= limit);
        let stay = stay.unwrap_or(chunk.position);
        let moves = stay > chunk.position;
        let mut values = if moves { std::mem::take(&mut chunk.values) } else { chunk.values.clone() };
        for node in (chunk.position..layer).filter(|&node| self.needed[node]) {
            let pair = Pair {
                float: self.compute(&self.float, node, chunk, |pair| &pair.float, &values)?,
                converted: self.compute(&self.converted, node, chunk, |pair| &pair.converted, &values)?,
            };
            values.insert(node, pair);
            // Kept for later pictures' sake: what is alive at `stay`.
            values.retain(|&old, _| self.last_use[old] > node || (old < stay && self.last_use[old] >= stay));
        }
        let float = self.compute(&self.float, layer, chunk, |pair| &pair.float, &values)?;
        let seen = look(&values, &float);
        if moves {
            values.retain(|&node, _| self.is_kept(node, stay));
            chunk.values = values;
            chunk.position = stay;
        }
        Ok(seen)
    }

    /// Whether nodes from this position on need the value of a node before it.
    fn is_kept(&self, node: usize, position: usize) -> bool {
        node < position && self.last_use[node] >= position
    }

    fn compute(
        &self,
        network: &FloatNodes,
        node: usize,
        chunk: &Chunk,
        side: impl Fn(&Pair) -> &Vec<f32>,
        values: &BTreeMap<usize, Pair>,
    ) -> Result<Vec<f32>> {
        if self.operands[node].is_empty() {
            return Ok(network.enter(self.pictures_of(chunk))?);
        }
        let operands: Vec<&[f32]> = self.operands[node]
            .iter()
            .filter_map(|input| values.get(input))
            .map(|pair| side(pair).as_slice())
            .collect();
        Ok(network.run(node, &operands)?)
    }

    fn pictures_of(&self, chunk: &Chunk) -> Input<'a> {
        self.input.part(chunk.first, chunk.pictures, self.input_elements)
    }

    /// The converted network alone: `look` gets every node's values.
    pub fn run(&self, chunk: &Chunk, mut look: impl FnMut(usize, &[f32])) -> Result<()> {
        let mut values: BTreeMap<usize, Pair> = BTreeMap::new();
        for node in (0..self.operands.len()).filter(|&node| self.needed[node]) {
            let converted = self.compute(&self.converted, node, chunk, |pair| &pair.converted, &values)?;
            look(node, &converted);
            values.insert(node, Pair { float: Vec::new(), converted });
            values.retain(|&old, _| self.last_use[old] > node);
        }
        Ok(())
    }
}

fn last_uses(graph: &Graph, needed: &[bool]) -> Vec<usize> {
    let mut last: Vec<usize> = (0..graph.nodes.len()).collect();
    for (index, node) in graph.nodes.iter().enumerate().filter(|&(index, _)| needed[index]) {
        for &input in &node.inputs {
            last[input] = last[input].max(index);
        }
    }
    last[graph.logits()] = graph.nodes.len();
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::Provenance;
    use deepshift_models::{by_name, formula_input, formula_weights};

    fn model(seed: u64) -> Model {
        let graph = by_name("resnet20").unwrap();
        let tensors = formula_weights(&graph, seed);
        let provenance = Provenance::default();
        Model { graph, tensors, integer: None, preprocessing: None, classes: Vec::new(), provenance }
    }

    /// What each layer sees of 3 pictures in both networks, and gives in the float one; and bytes kept at the end.
    fn walk(memory: usize) -> (Vec<Vec<f32>>, usize) {
        let (float, converted) = (model(1), model(2));
        let pictures = formula_input(&float.graph, 3, 3);
        let mut networks = Networks::new(&float, &converted, Input::Values(&pictures)).unwrap();
        networks.memory = memory;
        let mut chunks = networks.chunks();
        let mut seen = Vec::new();
        let layers: Vec<usize> = (0..float.graph.nodes.len())
            .filter(|&node| float.graph.nodes[node].name.contains("conv"))
            .collect();
        for layer in layers {
            for chunk in &mut chunks {
                let operand = float.graph.nodes[layer].inputs[0];
                let values = networks.advance(chunk, layer, |values, out| {
                    let Pair { float, converted } = values[&operand].clone();
                    [float, converted, out.to_vec()]
                });
                seen.extend(values.unwrap());
            }
        }
        let kept = chunks.iter().flat_map(|chunk| chunk.values.values());
        (seen, kept.map(|pair| 8 * pair.float.len()).sum())
    }

    #[test]
    fn less_memory_gives_the_same_values() {
        let (plenty, kept) = walk(MEMORY);
        assert!(kept > 0);
        for memory in [0, 3 * 8 * 10_000, 3 * 8 * 16 * 1024] {
            let (values, kept) = walk(memory);
            assert_eq!(values, plenty);
            assert!(kept <= memory, "{kept} of {memory}");
        }
    }

    #[test]
    fn both_sides_are_what_the_executor_gives() {
        let (float, converted) = (model(1), model(2));
        let pictures = formula_input(&float.graph, 3, 2);
        let networks = Networks::new(&float, &converted, Input::Values(&pictures)).unwrap();
        let mut logits = Vec::new();
        for chunk in networks.chunks() {
            networks
                .run(&chunk, |node, values| {
                    if node == float.graph.logits() {
                        logits.extend_from_slice(values);
                    }
                })
                .unwrap();
        }
        let executor = deepshift_cpu::Executor::new(&converted, Default::default()).unwrap();
        assert_eq!(logits, executor.run(Input::Values(&pictures)).unwrap());
    }
}
