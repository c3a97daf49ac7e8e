//! From a trained network to the packed model.

use super::state::to_float;
use super::{Layer, Network};
use crate::Result;
use deepshift_core::{FloatTensor, Model, Preprocessing, Provenance, ShiftWeight, Tensor};
use std::collections::BTreeMap;
use std::f32::consts::SQRT_2;

/// A packed model, in float mode only, and what packing changed.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The model.
    pub model: Model,
    /// Exact zeros of type Q layers, which have no code and became the smallest weight.
    pub replaced_zeros: usize,
}

impl Network {
    /// Rounds and packs the network.
    pub fn export(
        &self,
        preprocessing: Option<Preprocessing>,
        classes: Vec<String>,
        provenance: Provenance,
    ) -> Result<Exported> {
        let rounded = self.clone().rounded();
        let state = rounded.state();
        let mut tensors = BTreeMap::new();
        let mut replaced_zeros = 0;
        for (index, node) in self.graph().nodes.iter().enumerate() {
            for (name, _) in node.parameters() {
                let scheme = node.shift_scheme().filter(|_| name.ends_with(".weight"));
                let tensor = match scheme.zip(rounded.layer(index)) {
                    Some((scheme, layer)) => {
                        let weight = layer.weight();
                        let (packed, zeros) =
                            ShiftWeight::from_values(weight.shape, scheme.format, &weight.values)?;
                        replaced_zeros += zeros;
                        Tensor::Shift(packed)
                    }
                    None => Tensor::Float(state[&name].clone()),
                };
                tensors.insert(name, tensor);
            }
        }
        let graph = self.graph().clone();
        let model = Model { graph, tensors, integer: None, preprocessing, classes, provenance };
        model.check()?;
        Ok(Exported { model, replaced_zeros })
    }
}

impl Network {
    /// Shift layers with weights beyond the largest that their codes can say, and how many there are in each. Rounding makes
    /// them the largest.
    pub fn clipped(&self) -> Vec<(String, usize)> {
        let state = self.state();
        let shift_layers = self.graph().nodes.iter().filter(|node| node.shift_scheme().is_some());
        let count = |name: &str| {
            let beyond = |parameter: &str, is_beyond: fn(f32) -> bool| {
                let values =
                    state.get(&format!("{name}.{parameter}")).map_or(&[][..], |tensor| &tensor.values);
                values.iter().filter(|&&value| is_beyond(value)).count()
            };
            beyond("weight", |weight| weight.abs() > SQRT_2) + beyond("shift", |exponent| exponent > 0.5)
        };
        let counts = shift_layers.map(|node| (node.name.clone(), count(&node.name)));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

impl Layer {
    /// The weight that the layer computes with; BatchNorm's is its scale.
    fn weight(&self) -> FloatTensor {
        match self {
            Self::ShiftConv2d(layer) => to_float(layer.rounded_weight()),
            Self::ShiftLinear(layer) => to_float(layer.rounded_weight()),
            Self::Conv2d(layer) => to_float(layer.weight.val()),
            Self::Linear(layer) => to_float(layer.weight.val()),
            Self::BatchNorm(layer) => to_float(layer.gamma.val()),
        }
    }
}
