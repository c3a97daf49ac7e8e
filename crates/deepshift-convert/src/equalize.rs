//! Channels that differ in size made alike, so that each uses all of the format that integer mode gives their node.
//! After the cross-layer equalization of Nagel et al. (ICCV 2019), with powers of two: the logits stay as they are, to the bit.

use crate::Result;
use crate::observe::observe_channels;
use crate::ties::Ties;
use deepshift_core::graph::{Graph, Op};
use deepshift_core::round::exp2;
use deepshift_core::{Input, Model, Tensor};
use deepshift_models::integer::{ActivationStatistics, rounding_nodes};
use std::borrow::Cow;

/// Beyond, a channel's rounding hardly counts any more, and a rare large value would be clamped for nothing.
const MOST: i32 = 3;

/// The same network with other sizes of channels between layers that no BatchNorm follows. `go_on` is called now and then and
/// may end it.
pub(crate) fn equalized<'a>(
    model: &'a Model,
    pictures: Input,
    go_on: &mut dyn FnMut() -> Result<()>,
) -> Result<Cow<'a, Model>> {
    let ties = Ties::new(&model.graph)?;
    let nodes = free_nodes(&model.graph, &ties);
    if nodes.is_empty() {
        return Ok(Cow::Borrowed(model));
    }
    let exponents = exponents(&ties, &observe_channels(model, &nodes, pictures, go_on)?);
    let mut model = model.clone();
    for index in 0..model.graph.nodes.len() {
        let node = model.graph.nodes[index].clone();
        let groups = match &node.op {
            Op::Conv2d(conv) => conv.groups,
            Op::Linear(_) => 1,
            _ => continue,
        };
        let of = |node: usize| {
            ties.classes(node).map(|class| class.map_or(0, |class| exponents[class])).collect::<Vec<i32>>()
        };
        scale_layer(&mut model, &node.name, groups, &of(node.inputs[0]), &of(index));
    }
    Ok(Cow::Owned(model))
}

/// The nodes with channels to equalize and a format of their own.
fn free_nodes(graph: &Graph, ties: &Ties) -> Vec<usize> {
    let mut nodes = rounding_nodes(graph);
    nodes.retain(|&node| ties.classes(node).any(|class| class.is_some()));
    nodes
}

/// For each class by how many powers of two its channels are to grow: on average over the nodes the difference between the
/// fraction bits that are best for the channel and for its node.
fn exponents(ties: &Ties, statistics: &[Vec<ActivationStatistics>]) -> Vec<i32> {
    let mut sums = vec![(0, 0); ties.limit()];
    for (node, channels) in statistics.iter().enumerate() {
        let mut all = ActivationStatistics::default();
        channels.iter().for_each(|channel| all.merge(channel));
        for (class, channel) in ties.classes(node).zip(channels) {
            if let Some(class) = class
                && channel.largest() > 0.0
            {
                let (sum, count) = &mut sums[class];
                *sum += channel.fraction_bits() - all.fraction_bits();
                *count += 1;
            }
        }
    }
    let mean = |(sum, count): (i32, i32)| (f64::from(sum) / f64::from(count.max(1))).round() as i32;
    sums.into_iter().map(|sum| mean(sum).clamp(-MOST, MOST)).collect()
}

fn scale_layer(model: &mut Model, name: &str, groups: usize, inputs: &[i32], outputs: &[i32]) {
    let each = inputs.len() / groups;
    let group_outputs = outputs.len() / groups;
    scale(model, &format!("{name}.weight"), |place, count| {
        let kernel = count / (outputs.len() * each);
        let (output, input) = (place / kernel / each, place / kernel % each);
        outputs[output] - inputs[output / group_outputs * each + input]
    });
    scale(model, &format!("{name}.bias"), |place, _| outputs[place]);
}

/// By powers of two, which `exponent` tells from a value's place and the number of values.
fn scale(model: &mut Model, name: &str, exponent: impl Fn(usize, usize) -> i32) {
    if let Some(Tensor::Float(tensor)) = model.tensors.get_mut(name) {
        let count = tensor.values.len();
        tensor
            .values
            .iter_mut()
            .enumerate()
            .for_each(|(place, value)| *value *= exp2(exponent(place, count)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::graph::{BatchNorm, Conv2d, GraphBuilder, Movement};
    use deepshift_core::{FloatTensor, Provenance};
    use deepshift_cpu::Executor;
    use deepshift_models::{formula_input, formula_weights};

    /// Branches, groups, joins, poolings and a flattening of more than one pixel; a BatchNorm before the first branch.
    fn model() -> Model {
        let mut net = GraphBuilder::new("equal", &[2, 12, 12]);
        let x = net.conv("first", 0, Conv2d::square(2, 8, 3).biased());
        let x = net.op("norm", Op::BatchNorm(BatchNorm { channels: 8, eps: 1e-3 }), &[x]);
        let x = net.relu("norm_relu", x);
        let x = net.conv("squeeze", x, Conv2d::square(8, 6, 3).biased());
        let x = net.relu("squeeze_relu", x);
        let x = net.max_pool("max_pool", x, 2);
        let left = net.conv("left", x, Conv2d { groups: 2, ..Conv2d::square(6, 4, 1).biased() });
        let left = net.relu("left_relu", left);
        let right = net.conv("right", x, Conv2d::square(6, 6, 3).padded(1).biased());
        let right = net.relu("right_relu", right);
        let more = net.conv("more", x, Conv2d::square(6, 6, 1));
        let right = net.op("add", Op::Add, &[right, more]);
        let x = net.op("concat", Op::Concat, &[left, right]);
        let x = net.op("pool", Op::AdaptiveAvgPool([2, 2]), &[x]);
        let x = net.op("flatten", Op::Move(Movement::Flatten), &[x]);
        let x = net.linear("hidden", x, 40, 9);
        let x = net.relu("hidden_relu", x);
        let x = net.linear("fc", x, 9, 5);
        let graph = net.finish(x);
        let tensors = formula_weights(&graph, 5);
        let provenance = Provenance::default();
        Model { graph, tensors, integer: None, preprocessing: None, classes: Vec::new(), provenance }
    }

    /// Output channels of some layers smaller by powers of two.
    fn uneven() -> Model {
        let mut model = model();
        for layer in ["first", "squeeze", "left", "right", "more", "hidden"] {
            for suffix in ["weight", "bias"] {
                let Some(Tensor::Float(FloatTensor { shape, values })) =
                    model.tensors.get_mut(&format!("{layer}.{suffix}"))
                else {
                    continue;
                };
                let each = values.len() / shape[0];
                values
                    .iter_mut()
                    .enumerate()
                    .for_each(|(at, value)| *value *= exp2(-((at / each % 4) as i32)));
            }
        }
        model
    }

    fn logits(model: &Model, pictures: &[f32]) -> Vec<f32> {
        Executor::new(model, Default::default()).unwrap().run(Input::Values(pictures)).unwrap()
    }

    fn exponents_of(model: &Model, pictures: &[f32]) -> Vec<i32> {
        let ties = Ties::new(&model.graph).unwrap();
        let nodes = free_nodes(&model.graph, &ties);
        exponents(&ties, &observe_channels(model, &nodes, Input::Values(pictures), &mut || Ok(())).unwrap())
    }

    #[test]
    fn the_network_stays_the_same_to_the_bit() {
        let model = uneven();
        let pictures = formula_input(&model.graph, 1, 16);
        let equal = equalized(&model, Input::Values(&pictures), &mut || Ok(())).unwrap();
        equal.check().unwrap();
        assert_ne!(equal.tensors, model.tensors);
        assert_eq!(logits(&equal, &pictures), logits(&model, &pictures));
        for fixed in ["first.weight", "norm.weight", "norm.bias", "fc.bias"] {
            assert_eq!(equal.tensors[fixed], model.tensors[fixed], "{fixed}");
        }
    }

    #[test]
    fn channels_become_alike() {
        let model = uneven();
        let pictures = formula_input(&model.graph, 1, 16);
        let equal = equalized(&model, Input::Values(&pictures), &mut || Ok(())).unwrap();
        let far = |model: &Model| exponents_of(model, &pictures).into_iter().map(i32::abs).sum::<i32>();
        assert!(far(&model) > 30 && 2 * far(&equal) < far(&model), "{} {}", far(&model), far(&equal));
    }

    #[test]
    fn a_channel_that_gives_nothing_is_left_alone() {
        let mut model = model();
        for name in ["squeeze.weight", "squeeze.bias"] {
            let Some(Tensor::Float(tensor)) = model.tensors.get_mut(name) else { panic!() };
            let each = tensor.values.len() / 6;
            tensor.values[..each].fill(0.0);
        }
        let pictures = formula_input(&model.graph, 1, 16);
        let dead = Ties::new(&model.graph).unwrap().classes(model.graph.find("squeeze_relu").unwrap()).next();
        assert_eq!(exponents_of(&model, &pictures)[dead.unwrap().unwrap()], 0);
    }
}
