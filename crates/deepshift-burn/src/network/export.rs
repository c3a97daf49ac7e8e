//! From a trained network to the packed model.

use super::state::to_float;
use super::{Layer, Network};
use crate::Result;
use deepshift_core::{FloatTensor, Model, Preprocessing, Provenance, ShiftWeight, Tensor};
use std::collections::BTreeMap;

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
