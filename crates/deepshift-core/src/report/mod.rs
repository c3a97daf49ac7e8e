//! What a file holds and what it costs to run: the facts, as data for programs. `deepshift inspect --json` prints them.

mod exponents;
mod integer;
mod operations;

pub use exponents::ExponentCounts;
pub use integer::{EpilogueReport, IntegerReport, NodeReport};
pub use operations::{Multiplications, Operations};

use crate::graph::{Head, Node};
use crate::{Model, Preprocessing, Provenance, Result, ShiftType, ShiftWeight, Tensor};
use operations::{float_operations, graph_operation};
use serde::Serialize;

/// Everything about one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Name of the architecture.
    pub architecture: String,
    /// `[channels, height, width]` or `[features]`.
    pub input_shape: Vec<usize>,
    /// What follows the logits.
    pub head: Head,
    /// Names of the classes, in the order of the logits; may be empty.
    pub classes: Vec<String>,
    /// How a u8 picture becomes the input.
    pub preprocessing: Option<Preprocessing>,
    /// Where the weights come from and under which licence.
    pub provenance: Provenance,
    /// The graph's nodes.
    pub layers: Vec<Layer>,
    /// Sizes of the whole network.
    pub totals: Totals,
    /// How often each shift layer uses each power of two.
    pub exponents: Vec<ExponentCounts>,
    /// The cost of one picture in float mode.
    pub float_mode: Operations,
    /// The integer network, where the file has one.
    pub integer_mode: Option<IntegerReport>,
}

/// A node of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// PyTorch's module name.
    pub name: String,
    /// What it does, in words.
    pub operation: String,
    /// `[channels, height, width]` or `[features]`.
    pub output_shape: Vec<usize>,
    /// Of layers that have one.
    pub weight: Option<Weight>,
    /// Of all its parameters, as they lie in the file.
    pub bytes: usize,
    /// What these parameters would take as f32.
    pub bytes_as_f32: usize,
}

/// A layer's weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Weight {
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// How its values lie in the file.
    pub coding: Coding,
}

/// How the values of a weight lie in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Coding {
    /// Ordinary values.
    F32,
    /// Powers of two.
    Shift {
        /// Q or PS.
        shift_type: ShiftType,
        /// Bits of a code.
        bits: u8,
        /// Codes of a weight: 1 or 2.
        terms: u8,
        /// Lowest and highest channel exponent; none where all are 0 and take no bytes.
        channel_exponents: Option<[i8; 2]>,
    },
}

/// Sizes of a network and of its file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Totals {
    /// Number of parameters and running statistics.
    pub parameters: usize,
    /// Their bytes in the file.
    pub parameter_bytes: usize,
    /// What they would take as f32.
    pub parameter_bytes_as_f32: usize,
    /// Length of the file.
    pub file_bytes: usize,
    /// How many times the parameters as f32 are longer than the whole file.
    pub compression: f64,
}

impl Report {
    /// The report of a model that passes [`Model::check`] and was read from a file of `file_bytes` bytes. Errors: what
    /// that check refuses.
    pub fn new(model: &Model, file_bytes: usize) -> Result<Self> {
        Ok(Self {
            architecture: model.graph.name.clone(),
            input_shape: model.graph.input_shape().to_vec(),
            head: model.graph.head,
            classes: model.classes.clone(),
            preprocessing: model.preprocessing.clone(),
            provenance: model.provenance.clone(),
            layers: layers(model)?,
            totals: Totals::new(model, file_bytes),
            exponents: ExponentCounts::of_model(model),
            float_mode: float_operations(model)?,
            integer_mode: IntegerReport::of_model(model)?,
        })
    }
}

impl Totals {
    fn new(model: &Model, file_bytes: usize) -> Self {
        let float_bytes = model.float_bytes();
        Self {
            parameters: float_bytes / 4,
            parameter_bytes: model.tensors.values().map(Tensor::byte_len).sum(),
            parameter_bytes_as_f32: float_bytes,
            file_bytes,
            compression: float_bytes as f64 / file_bytes as f64,
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
