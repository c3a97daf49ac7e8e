#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod adaptive;
mod build;
mod error;
mod nodes;
mod proto;

pub use error::{Error, Result};

use build::Builder;
use deepshift_core::Model;
use prost::Message;

/// The bytes of an ONNX file. Errors: a model that does not hold together, or one whose file would pass protobuf's
/// limit of 2 GiB.
pub fn to_bytes(model: &Model) -> Result<Vec<u8>> {
    model.check()?;
    if model.float_bytes() >= MAX_BYTES {
        return Err(Error::Limit(format!(
            "{} bytes of f32 weights do not fit an ONNX file of less than {MAX_BYTES} bytes",
            model.float_bytes()
        )));
    }
    Ok(Builder::new(model)?.build()?.encode_to_vec())
}

/// Weights beyond this would not leave room for the rest of a protobuf message.
const MAX_BYTES: usize = (1 << 31) - (1 << 24);

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::{ShiftFormat, ShiftType, ShiftWeight, Tensor};
    use deepshift_models::{Conversion, by_name, formula_weights, to_shift};
    use std::collections::HashSet;

    fn shift_model(arch: &str) -> Model {
        let format = ShiftFormat::new(ShiftType::Q, 4).unwrap();
        let conversion =
            Conversion { shift_depth: 1000, format, activation_bits: [8, 8], convert_all_linear: true };
        let graph = to_shift(&by_name(arch).unwrap(), &conversion).unwrap();
        let mut tensors = formula_weights(&graph, 1);
        for node in graph.nodes.iter().filter(|node| node.shift_scheme().is_some()) {
            let Some(Tensor::Float(weight)) = tensors.remove(&format!("{}.weight", node.name)) else {
                panic!()
            };
            let (weight, _) = ShiftWeight::from_values(weight.shape, format, &weight.values).unwrap();
            tensors.insert(format!("{}.weight", node.name), Tensor::Shift(weight));
        }
        let provenance = Default::default();
        Model { graph, tensors, integer: None, preprocessing: None, classes: Vec::new(), provenance }
    }

    fn graph_of(model: &Model) -> proto::Graph {
        proto::Model::decode(to_bytes(model).unwrap().as_slice()).unwrap().graph.unwrap()
    }

    /// What `scripts/golden/onnx_check.py` does with a real runtime needs Python; this is what no runtime would accept.
    #[test]
    fn every_value_is_defined_once_before_it_is_used() {
        for arch in ["simple_conv", "simple_linear", "resnet20"] {
            let graph = graph_of(&shift_model(arch));
            let mut known: HashSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
            for constant in &graph.initializer {
                assert!(known.insert(&constant.name), "{arch}: {} is there twice", constant.name);
                let elements: i64 = constant.dims.iter().product();
                let size = if constant.data_type == proto::INT64 { 8 } else { 4 };
                assert_eq!(elements as usize * size, constant.raw_data.len(), "{arch}: {}", constant.name);
            }
            for node in &graph.node {
                for input in &node.input {
                    assert!(known.contains(input.as_str()), "{arch}: {} uses {input} too early", node.name);
                }
                for output in &node.output {
                    assert!(known.insert(output), "{arch}: {output} is there twice");
                }
            }
            assert!(known.contains(graph.output[0].name.as_str()));
        }
    }

    #[test]
    fn weights_are_decoded_and_inputs_rounded() {
        let model = shift_model("simple_conv");
        let graph = graph_of(&model);
        let weight = graph.initializer.iter().find(|constant| constant.name == "conv2.weight").unwrap();
        let values: Vec<f32> =
            weight.raw_data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        assert_eq!(values, model.values("conv2", "weight").unwrap().as_ref());
        let operators: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(operators[..5], ["Mul", "Floor", "Clip", "Mul", "Conv"]);
    }

    #[test]
    fn a_model_that_does_not_hold_together_is_refused() {
        let mut model = shift_model("simple_conv");
        model.tensors.remove("conv2.weight");
        assert!(to_bytes(&model).unwrap_err().to_string().contains("conv2.weight"));
    }
}
