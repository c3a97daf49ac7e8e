//! The facts, for people and for programs.

use super::integer::IntegerReport;
use super::operations::{Operations, float_operations, graph_operation};
use crate::Result;
use crate::files::ModelFile;
use crate::pictures::exponents::ExponentCounts;
use deepshift_core::graph::{Head, Node};
use deepshift_core::{Model, Preprocessing, Provenance, ShiftType, ShiftWeight, Tensor};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
pub struct Report {
    pub file: String,
    pub architecture: String,
    pub input_shape: Vec<usize>,
    pub head: Head,
    pub classes: Vec<String>,
    pub preprocessing: Option<Preprocessing>,
    pub provenance: Provenance,
    pub layers: Vec<Layer>,
    pub totals: Totals,
    pub exponents: Vec<ExponentCounts>,
    pub float_mode: Operations,
    pub integer_mode: Option<IntegerReport>,
}

/// A node of the graph.
#[derive(Serialize)]
pub struct Layer {
    pub name: String,
    pub operation: String,
    pub output_shape: Vec<usize>,
    pub weight: Option<Weight>,
    /// Of all its parameters, as they lie in the file.
    pub bytes: usize,
    pub bytes_as_f32: usize,
}

#[derive(Serialize)]
pub struct Weight {
    pub shape: Vec<usize>,
    pub coding: Coding,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Coding {
    F32,
    Shift {
        shift_type: ShiftType,
        bits: u8,
        terms: u8,
        /// Lowest and highest channel exponent; none where all are 0 and take no bytes.
        channel_exponents: Option<[i8; 2]>,
    },
}

#[derive(Serialize)]
pub struct Totals {
    pub parameters: usize,
    pub parameter_bytes: usize,
    pub parameter_bytes_as_f32: usize,
    pub file_bytes: usize,
    /// How many times the parameters as f32 are longer than the whole file.
    pub compression: f64,
}

impl Report {
    pub fn new(path: &Path, file: &ModelFile) -> Result<Self> {
        let model = &file.model;
        Ok(Self {
            file: path.display().to_string(),
            architecture: model.graph.name.clone(),
            input_shape: model.graph.input_shape().to_vec(),
            head: model.graph.head,
            classes: model.classes.clone(),
            preprocessing: model.preprocessing.clone(),
            provenance: model.provenance.clone(),
            layers: layers(model)?,
            totals: Totals::new(file),
            exponents: ExponentCounts::of_model(model),
            float_mode: float_operations(model)?,
            integer_mode: IntegerReport::of_model(model)?,
        })
    }
}

impl Totals {
    fn new(file: &ModelFile) -> Self {
        let float_bytes = file.model.float_bytes();
        Self {
            parameters: float_bytes / 4,
            parameter_bytes: file.model.tensors.values().map(Tensor::byte_len).sum(),
            parameter_bytes_as_f32: float_bytes,
            file_bytes: file.bytes,
            compression: float_bytes as f64 / file.bytes as f64,
        }
    }
}

fn layers(model: &Model) -> Result<Vec<Layer>> {
    let shapes = model.graph.shapes()?;
    Ok(model.graph.nodes.iter().zip(shapes).map(|(node, shape)| layer(model, node, shape)).collect())
}

fn layer(model: &Model, node: &Node, output_shape: Vec<usize>) -> Layer {
    let parameters = node.parameters();
    Layer {
        name: node.name.clone(),
        operation: graph_operation(&node.op),
        output_shape,
        weight: model.tensors.get(&format!("{}.weight", node.name)).map(weight),
        bytes: parameters.iter().filter_map(|(name, _)| model.tensors.get(name)).map(Tensor::byte_len).sum(),
        bytes_as_f32: parameters.iter().map(|(_, shape)| 4 * shape.iter().product::<usize>()).sum(),
    }
}

fn weight(tensor: &Tensor) -> Weight {
    let coding = match tensor {
        Tensor::Float(_) => Coding::F32,
        Tensor::Shift(weight) => Coding::Shift {
            shift_type: weight.format.shift_type,
            bits: weight.format.bits,
            terms: 1 + u8::from(weight.second.is_some()),
            channel_exponents: exponent_range(weight),
        },
    };
    Weight { shape: tensor.shape().to_vec(), coding }
}

fn exponent_range(weight: &ShiftWeight) -> Option<[i8; 2]> {
    let exponents = weight.exponents.as_ref()?;
    Some([*exponents.iter().min()?, *exponents.iter().max()?])
}
