//! A network with its weights: what a `.dshift` file holds.

use crate::graph::{BatchNorm, Graph, Node, Op};
use crate::integer::IntegerNetwork;
use crate::preprocess::Preprocessing;
use crate::weight::ShiftWeight;
use crate::{Error, Mode, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything needed to run a network and to say where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The network as it was trained.
    pub graph: Graph,
    /// Parameters and running statistics by PyTorch's names; a shift layer's weight is `<name>.weight`.
    pub tensors: BTreeMap<String, Tensor>,
    /// The integer network of the same weights, where the file has one.
    pub integer: Option<IntegerNetwork>,
    /// How a u8 picture becomes the input.
    pub preprocessing: Option<Preprocessing>,
    /// Names of the classes, in the order of the logits; may be empty.
    pub classes: Vec<String>,
    /// Where the weights come from and under which licence.
    pub provenance: Provenance,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Tensor {
    /// Ordinary values.
    Float(FloatTensor),
    /// Packed powers of two.
    Shift(ShiftWeight),
}

/// Values in PyTorch's order.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatTensor {
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

/// Origin and licence of the weights.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Provenance {
    /// Licence of the weights, such as `MIT OR Apache-2.0`.
    pub license: String,
    /// Who or what made them.
    pub origin: String,
    /// More facts by name: the command, the data set, the measured accuracy.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

impl Tensor {
    /// PyTorch's shape.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Float(tensor) => &tensor.shape,
            Self::Shift(weight) => &weight.shape,
        }
    }

    /// The values, shift weights decoded exactly.
    pub fn values(&self) -> std::borrow::Cow<'_, [f32]> {
        match self {
            Self::Float(tensor) => (&tensor.values).into(),
            Self::Shift(weight) => weight.values().into(),
        }
    }

    /// Bytes in the file.
    pub fn byte_len(&self) -> usize {
        match self {
            Self::Float(tensor) => tensor.values.len() * 4,
            Self::Shift(weight) => weight.byte_len(),
        }
    }

    /// Checks what needs no graph: lengths, codes and that values are finite.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        match self {
            Self::Float(tensor) if tensor.shape.iter().product::<usize>() != tensor.values.len() => {
                Err(format!("{} values do not fill shape {:?}", tensor.values.len(), tensor.shape))
            }
            Self::Float(tensor) => match tensor.values.iter().position(|value| !value.is_finite()) {
                Some(index) => Err(format!("value {index} is NaN or infinite: training diverged")),
                None => Ok(()),
            },
            Self::Shift(weight) => weight.check(),
        }
    }
}

/// `(x - mean) * scale + offset` of each channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalization {
    /// Running means.
    pub mean: Vec<f32>,
    /// `weight / sqrt(running variance + eps)`.
    pub scale: Vec<f32>,
    /// Biases.
    pub offset: Vec<f32>,
}

impl Model {
    /// The packed weight of the layer of this name.
    pub fn shift_weight(&self, layer: &str) -> Option<&ShiftWeight> {
        match self.tensors.get(&format!("{layer}.weight")) {
            Some(Tensor::Shift(weight)) => Some(weight),
            _ => None,
        }
    }

    /// The parameter `<node>.<suffix>`, shift weights decoded.
    pub fn values(&self, node: &str, suffix: &str) -> Result<std::borrow::Cow<'_, [f32]>> {
        let name = format!("{node}.{suffix}");
        match self.tensors.get(&name) {
            Some(tensor) => Ok(tensor.values()),
            None => Err(Error::argument(format!("the model has no tensor {name}"))),
        }
    }

    /// The bias of a layer's channels, in float mode and rounded where the layer rounds it; zeros for a layer without.
    pub fn bias(&self, node: &Node, channels: usize) -> Result<Vec<f32>> {
        if !node.op.properties().layer.is_some_and(|layer| layer.bias) {
            return Ok(vec![0.0; channels]);
        }
        let format = node.shift_scheme().and_then(|scheme| scheme.bias);
        let values = self.values(&node.name, "bias")?;
        Ok(values.iter().map(|&x| format.map_or(x, |format| format.floor(x))).collect())
    }

    /// A BatchNorm as inference computes it.
    ///
    /// # Errors
    /// A parameter that is missing.
    pub fn normalization(&self, node: &Node, norm: &BatchNorm) -> Result<Normalization> {
        let parameter = |suffix| self.values(&node.name, suffix);
        let (weight, variance) = (parameter("weight")?, parameter("running_var")?);
        let scale = |(&weight, &variance): (&f32, &f32)| {
            (f64::from(weight) / (f64::from(variance) + f64::from(norm.eps)).sqrt()) as f32
        };
        Ok(Normalization {
            mean: parameter("running_mean")?.into_owned(),
            scale: weight.iter().zip(variance.iter()).map(scale).collect(),
            offset: parameter("bias")?.into_owned(),
        })
    }

    /// The mode in which a caller who does not care runs it: integer where the file has it.
    pub fn best_mode(&self) -> Mode {
        if self.integer.is_some() { Mode::Integer } else { Mode::Float }
    }

    /// Checks that graph, tensors and integer network fit together and that no integer can overflow.
    pub fn check(&self) -> Result<()> {
        for (name, tensor) in &self.tensors {
            tensor.check().map_err(|what| Error::argument(format!("tensor {name}: {what}")))?;
        }
        self.check_fit()
    }

    /// [`check`](Self::check) for tensors that were checked one by one.
    pub(crate) fn check_fit(&self) -> Result<()> {
        let shapes = self.graph.shapes()?;
        for node in &self.graph.nodes {
            self.check_node(node)?;
        }
        let known: usize = self.graph.nodes.iter().map(|node| node.parameters().len()).sum();
        if known != self.tensors.len() {
            return Err(Error::argument(format!(
                "{} tensors for {known} parameters of the graph",
                self.tensors.len()
            )));
        }
        let logits: usize = shapes[self.graph.logits()].iter().product();
        if !self.classes.is_empty() && self.classes.len() != logits {
            return Err(Error::argument(format!("{} class names for {logits} logits", self.classes.len())));
        }
        if let Some(preprocessing) = &self.preprocessing {
            preprocessing.check(self.graph.input_shape())?;
        }
        if let Some(integer) = &self.integer {
            integer.shapes(&self.graph)?;
            integer.prove(&self.graph, |name| self.shift_weight(name))?;
        }
        Ok(())
    }

    fn check_node(&self, node: &Node) -> Result<()> {
        for (name, shape) in node.parameters() {
            let tensor = self
                .tensors
                .get(&name)
                .ok_or_else(|| Error::argument(format!("tensor {name} is missing")))?;
            if tensor.shape() != shape {
                return Err(Error::argument(format!(
                    "tensor {name} has shape {:?} instead of {shape:?}",
                    tensor.shape()
                )));
            }
            check_coding(tensor, node, &name)?;
        }
        Ok(())
    }

    /// Bytes that the parameters would take as f32.
    pub fn float_bytes(&self) -> usize {
        self.tensors.values().map(|tensor| tensor.shape().iter().product::<usize>() * 4).sum()
    }
}

fn check_coding(tensor: &Tensor, node: &Node, name: &str) -> Result<()> {
    let scheme = node.shift_scheme().filter(|_| name.ends_with(".weight"));
    match (tensor, scheme) {
        (Tensor::Shift(weight), Some(scheme)) if weight.format == scheme.format => Ok(()),
        (Tensor::Float(tensor), None) => {
            if matches!(node.op, Op::BatchNorm(_))
                && name.ends_with("running_var")
                && tensor.values.iter().any(|&value| value < 0.0)
            {
                return Err(Error::argument(format!("tensor {name} holds a negative variance")));
            }
            Ok(())
        }
        _ => Err(Error::argument(format!("tensor {name} is coded otherwise than its node says"))),
    }
}
