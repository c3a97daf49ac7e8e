//! Where a layer's output is set right: the BatchNorm behind it, or its bias.

use crate::moments::Affine;
use deepshift_core::graph::{Graph, Op};
use deepshift_core::{FloatTensor, Model, Result, Tensor};

/// The BatchNorm that uses the layer's values, if nothing else does.
pub(crate) fn norm_behind(graph: &Graph, layer: usize) -> Option<usize> {
    let [user] = graph.users()[layer][..] else { return None };
    (matches!(graph.nodes[user].op, Op::BatchNorm(_)) && layer != graph.logits()).then_some(user)
}

/// Changes the statistics of a BatchNorm so that, for each channel, it takes `gain * x + shift` where it took `x`. They stay
/// the statistics of what it is given; the weight takes up what `eps` would distort.
pub(crate) fn correct_norm(model: &mut Model, norm: usize, affine: &[Affine]) -> Result<()> {
    let node = &model.graph.nodes[norm];
    let (name, Op::BatchNorm(norm)) = (node.name.clone(), &node.op) else { return Ok(()) };
    let eps = f64::from(norm.eps);
    let read = |suffix| Ok::<Vec<f32>, deepshift_core::Error>(model.values(&name, suffix)?.into_owned());
    let (mut weight, mut mean, mut variance) = (read("weight")?, read("running_mean")?, read("running_var")?);
    for (channel, Affine { gain, shift }) in affine.iter().enumerate() {
        let old = f64::from(variance[channel]);
        let new = (old / gain.powi(2)).min(f64::from(f32::MAX));
        mean[channel] = ((f64::from(mean[channel]) - shift) / gain) as f32;
        weight[channel] = (f64::from(weight[channel]) * gain * ((new + eps) / (old + eps)).sqrt()) as f32;
        variance[channel] = new as f32;
    }
    for (suffix, values) in [("weight", weight), ("running_mean", mean), ("running_var", variance)] {
        put(model, &name, suffix, values);
    }
    Ok(())
}

/// Replaces the layer's bias, or gives it one.
pub(crate) fn set_bias(model: &mut Model, layer: usize, bias: Vec<f32>) {
    let node = &mut model.graph.nodes[layer];
    match &mut node.op {
        Op::Conv2d(conv) => conv.bias = true,
        Op::Linear(linear) => linear.bias = true,
        _ => return,
    }
    let name = node.name.clone();
    put(model, &name, "bias", bias);
}

fn put(model: &mut Model, node: &str, suffix: &str, values: Vec<f32>) {
    let tensor = FloatTensor { shape: vec![values.len()], values };
    model.tensors.insert(format!("{node}.{suffix}"), Tensor::Float(tensor));
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::graph::{BatchNorm, Conv2d, GraphBuilder};
    use deepshift_core::{Provenance, reference::float_nodes};

    fn model() -> Model {
        let mut builder = GraphBuilder::new("one", &[2, 1, 1]);
        let conv = builder.conv("conv", 0, Conv2d::square(2, 2, 1));
        let norm = builder.op("norm", Op::BatchNorm(BatchNorm { channels: 2, eps: 0.5 }), &[conv]);
        let graph = builder.finish(norm);
        let mut tensors = std::collections::BTreeMap::new();
        let mut add = |name: &str, shape: &[usize], values: &[f32]| {
            let tensor = FloatTensor { shape: shape.to_vec(), values: values.to_vec() };
            tensors.insert(name.into(), Tensor::Float(tensor));
        };
        add("conv.weight", &[2, 2, 1, 1], &[1.0, 0.0, 0.0, 1.0]);
        add("norm.weight", &[2], &[1.5, -0.5]);
        add("norm.bias", &[2], &[0.25, 4.0]);
        add("norm.running_mean", &[2], &[0.5, -2.0]);
        add("norm.running_var", &[2], &[2.0, 0.0]);
        let provenance = Provenance::default();
        Model { graph, tensors, integer: None, preprocessing: None, classes: Vec::new(), provenance }
    }

    #[test]
    fn a_corrected_norm_takes_what_is_wrong_as_if_it_were_right() {
        let mut corrected = model();
        let affine = [Affine { gain: 3.0, shift: -1.0 }, Affine { gain: 0.25, shift: 7.0 }];
        correct_norm(&mut corrected, 2, &affine).unwrap();
        corrected.check().unwrap();
        let (wrong, right) = ([0.7, -3.0], [3.0 * 0.7 - 1.0, 0.25 * -3.0 + 7.0]);
        let [got, expected] = [(&corrected, wrong), (&model(), right)]
            .map(|(model, x)| float_nodes(model, &x).unwrap()[2].clone());
        assert!(got.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5), "{got:?} {expected:?}");
    }

    #[test]
    fn only_a_norm_that_nothing_else_shares_is_behind_a_layer() {
        assert_eq!(norm_behind(&model().graph, 1), Some(2));
        let mut shared = model().graph;
        shared.nodes.push(deepshift_core::graph::Node {
            name: "add".into(),
            op: Op::Add,
            inputs: vec![1, 2],
        });
        shared.outputs = vec![3];
        assert_eq!(norm_behind(&shared, 1), None);
        let outputs_too = Graph { outputs: vec![1], ..model().graph };
        assert_eq!(norm_behind(&outputs_too, 1), None);
    }

    #[test]
    fn a_layer_without_bias_gets_one() {
        let mut model = model();
        set_bias(&mut model, 1, vec![1.0, 2.0]);
        model.check().unwrap();
        assert_eq!(*model.values("conv", "bias").unwrap(), [1.0, 2.0]);
    }
}
