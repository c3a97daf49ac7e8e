//! A float network node by node, for those who must look at the values between nodes or change weights on the way.

use crate::context::Context;
use crate::float::FloatExecutor;
use crate::geometry::{Geometry, Tap, Taps};
use crate::isa::{choose, from_environment};
use crate::kernels::Kernels;
use crate::{Error, Result};
use deepshift_core::graph::{Graph, Shape};
use deepshift_core::{Input, Kernel, Model};

/// The float mode of a model, one node at a time on the calling thread. All values are
/// `[pictures, height, width, channels]`.
pub struct FloatNodes {
    network: FloatExecutor,
    context: Context,
}

impl FloatNodes {
    /// Prepares every node that the logits depend on. A shift layer may still have f32 weights.
    pub fn new(model: &Model) -> Result<Self> {
        let kernels = kernels()?;
        let network = FloatExecutor::new(model, Kernel::Dot)?;
        Ok(Self { network, context: Context { kernels, parallel: false } })
    }

    /// Takes over the changed parameters of a node.
    pub fn update(&mut self, model: &Model, node: usize) -> Result<()> {
        self.network.update(model, node)
    }

    /// The values of the network's input node.
    pub fn enter(&self, input: Input) -> Result<Vec<f32>> {
        self.network.enter(input)
    }

    /// The values of another node from those of its operands.
    pub fn run(&self, node: usize, operands: &[&[f32]]) -> Result<Vec<f32>> {
        if operands.is_empty() {
            return Err(Error::BadArgument(format!("node {node} needs operands")));
        }
        Ok(self.network.compute(self.context, node, operands))
    }
}

fn kernels() -> Result<Kernels> {
    choose(from_environment()?)
}

/// What each output of a layer sees.
pub struct Patches {
    geometry: Geometry,
    kernels: Kernels,
}

impl Patches {
    /// Those of a convolution or linear layer of the graph; an error for other nodes.
    pub fn new(graph: &Graph, node: usize) -> Result<Self> {
        let shapes = graph.shapes()?;
        let layer = graph.nodes.get(node).and_then(|layer| {
            let input = Shape::new(&shapes[*layer.inputs.first()?]);
            Geometry::new(&layer.op, input, Shape::new(&shapes[node]))
        });
        let geometry = layer.ok_or_else(|| Error::BadArgument(format!("node {node} is no layer")))?;
        Ok(Self { geometry, kernels: kernels()? })
    }

    /// Groups of channels that do not mix.
    pub fn groups(&self) -> usize {
        self.geometry.conv.groups
    }

    /// Output channels of one group.
    pub fn group_channels(&self) -> usize {
        self.geometry.conv.group_out()
    }

    /// Weights of one output channel.
    pub fn fan_in(&self) -> usize {
        self.geometry.fan_in()
    }

    /// Output pixels of one picture.
    pub fn pixels(&self) -> usize {
        self.geometry.output.pixels()
    }

    /// Where PyTorch's weight tensor holds the weight of a channel for element `k` of a patch.
    pub fn weight_index(&self, channel: usize, k: usize) -> usize {
        self.geometry.weight_index(channel, k)
    }

    /// The patches of these output pixels, `[group][pixel][fan_in]`; padding is zero.
    pub fn gather(&self, x: &[f32], pixels: &[usize]) -> Vec<f32> {
        let fan_in = self.fan_in();
        let mut patches = vec![0.0; self.groups() * pixels.len() * fan_in];
        self.kernels.vectorize(
            #[inline(always)]
            || match self.geometry.conv.is_depthwise() {
                true => self.gather_channels(x, pixels, &mut patches),
                false => {
                    for (index, patch) in patches.chunks_exact_mut(fan_in).enumerate() {
                        let place = self.geometry.place(pixels[index % pixels.len()]);
                        self.geometry.gather(x, place, index / pixels.len(), patch);
                    }
                }
            },
        );
        patches
    }

    /// Every tap for all channels at once, because they lie side by side.
    #[inline(always)]
    fn gather_channels(&self, x: &[f32], pixels: &[usize], patches: &mut [f32]) {
        let (channels, fan_in) = (self.groups(), self.fan_in());
        let mut taps = Taps::default();
        for (row, &pixel) in pixels.iter().enumerate() {
            let (taps, x) = taps.at(&self.geometry, self.geometry.place(pixel), x);
            for &Tap { index, offset } in taps {
                let places = patches[row * fan_in + index..].iter_mut().step_by(pixels.len() * fan_in);
                for (place, &x) in places.zip(&x[offset..][..channels]) {
                    *place = x;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Executor, Options};
    use deepshift_core::graph::{Activation, BatchNorm, Conv2d, GraphBuilder, Movement, Op};
    use deepshift_core::{FloatTensor, Provenance, Tensor};

    fn model() -> Model {
        let mut builder = GraphBuilder::new("small", &[3, 5, 4]);
        let conv = Conv2d { groups: 1, ..Conv2d::square(3, 6, 3).padded(1) };
        let mut x = builder.conv("conv", 0, conv);
        x = builder.op("norm", Op::BatchNorm(BatchNorm { channels: 6, eps: 1e-5 }), &[x]);
        x = builder.op("relu", Op::Activation(Activation::Relu), &[x]);
        x = builder.op("flatten", Op::Move(Movement::Flatten), &[x]);
        let x = builder.linear("fc", x, 120, 4);
        let graph = builder.finish(x);
        let tensor = |shape: Vec<usize>| {
            let count: usize = shape.iter().product();
            let values = (0..count).map(|i| (i * 37 % 19) as f32 / 19.0 + 0.01).collect();
            Tensor::Float(FloatTensor { shape, values })
        };
        let tensors = graph.parameters().into_iter().map(|(name, shape)| (name, tensor(shape))).collect();
        let provenance = Provenance::default();
        Model { graph, tensors, integer: None, preprocessing: None, classes: Vec::new(), provenance }
    }

    fn logits(nodes: &FloatNodes, x: &[f32]) -> Vec<f32> {
        let mut values = nodes.enter(Input::Values(x)).unwrap();
        for node in 1..=5 {
            values = nodes.run(node, &[&values]).unwrap();
        }
        values
    }

    #[test]
    fn nodes_one_by_one_are_the_executor() {
        let mut model = model();
        let x: Vec<f32> = (0..2 * 60).map(|i| (i * 13 % 17) as f32 / 8.5 - 1.0).collect();
        let run =
            |model: &Model| Executor::new(model, Options::default()).unwrap().run(Input::Values(&x)).unwrap();
        let mut nodes = FloatNodes::new(&model).unwrap();
        assert_eq!(logits(&nodes, &x), run(&model));
        let Some(Tensor::Float(weight)) = model.tensors.get_mut("conv.weight") else { panic!() };
        weight.values.iter_mut().for_each(|value| *value = -*value);
        assert_ne!(logits(&nodes, &x), run(&model));
        nodes.update(&model, 1).unwrap();
        assert_eq!(logits(&nodes, &x), run(&model));
        assert!(nodes.run(1, &[]).is_err());
    }

    #[test]
    fn a_patch_times_the_weights_is_the_output() {
        let model = model();
        let nodes = FloatNodes::new(&model).unwrap();
        let x: Vec<f32> = (0..60).map(|i| (i * 13 % 17) as f32).collect();
        let x = nodes.enter(Input::Values(&x)).unwrap();
        let out = nodes.run(1, &[&x]).unwrap();
        let patches = Patches::new(&model.graph, 1).unwrap();
        let weights = model.values("conv", "weight").unwrap();
        assert_eq!([patches.groups(), patches.group_channels(), patches.fan_in()], [1, 6, 27]);
        for (patch, pixel) in patches.gather(&x, &[0, 7, 19]).chunks(27).zip([0, 7, 19]) {
            for channel in 0..6 {
                let products = (0..27).map(|k| patch[k] * weights[patches.weight_index(channel, k)]);
                assert!((products.sum::<f32>() - out[pixel * 6 + channel]).abs() < 1e-3);
            }
        }
        assert!(Patches::new(&model.graph, 2).is_err());
    }

    #[test]
    fn channels_together_are_channels_one_by_one() {
        let mut builder = GraphBuilder::new("depthwise", &[5, 4, 6]);
        let conv = Conv2d { groups: 5, stride: [2, 1], ..Conv2d::square(5, 5, 3).padded(1) };
        let x = builder.conv("conv", 0, conv);
        let patches = Patches::new(&builder.finish(x), 1).unwrap();
        let x: Vec<f32> = (0..2 * 120).map(|i| i as f32).collect();
        let pixels: Vec<usize> = (0..2 * patches.pixels()).step_by(3).collect();
        let mut expected = vec![0.0; 5 * pixels.len() * 9];
        for (index, patch) in expected.chunks_exact_mut(9).enumerate() {
            let place = patches.geometry.place(pixels[index % pixels.len()]);
            patches.geometry.gather(&x, place, index / pixels.len(), patch);
        }
        assert_eq!(patches.gather(&x, &pixels), expected);
    }
}
