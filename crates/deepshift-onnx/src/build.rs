//! Puts the file together: names of values, constants, and the order of nodes.

use crate::Result;
use crate::proto::{
    self, Attribute, AttributeType, Dimension, FLOAT, INT64, OperatorSet, Property, Shape, Size, Tensor,
    TensorType, Type, ValueInfo,
};
use deepshift_core::Model;

const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
const INPUT: &str = "input";
const OUTPUT: &str = "logits";

/// An ONNX graph in the making.
pub struct Builder<'a> {
    pub model: &'a Model,
    /// Shape of every node of our graph, without the batch axis.
    pub shapes: Vec<Vec<usize>>,
    /// Name of the ONNX value that is a node of our graph.
    values: Vec<String>,
    nodes: Vec<proto::Node>,
    constants: Vec<Tensor>,
}

impl<'a> Builder<'a> {
    pub fn new(model: &'a Model) -> Result<Self> {
        Ok(Self {
            model,
            shapes: model.graph.shapes()?,
            values: Vec::new(),
            nodes: Vec::new(),
            constants: Vec::new(),
        })
    }

    pub fn build(mut self) -> Result<proto::Model> {
        let logits = self.model.graph.logits();
        for index in 0..=logits {
            let value = match index {
                0 => INPUT.to_owned(),
                _ => self.add_node(index)?,
            };
            self.values.push(value);
        }
        self.node("Identity", OUTPUT, &[&self.values[logits].clone()], vec![]);
        let graph = proto::Graph {
            name: self.model.graph.name.clone(),
            input: vec![value_info(INPUT, self.model.graph.input_shape())],
            output: vec![value_info(OUTPUT, &self.shapes[logits])],
            node: self.nodes,
            initializer: self.constants,
        };
        Ok(proto::Model {
            ir_version: IR_VERSION,
            producer_name: "deepshift".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
            metadata_props: provenance(self.model),
        })
    }

    /// The ONNX values of a node's operands.
    pub fn operands(&self, index: usize) -> Vec<String> {
        self.model.graph.nodes[index].inputs.iter().map(|&input| self.values[input].clone()).collect()
    }

    /// Adds an operator whose one output has this name.
    pub fn node(
        &mut self,
        operator: &str,
        output: &str,
        inputs: &[&str],
        attribute: Vec<Attribute>,
    ) -> String {
        self.nodes.push(proto::Node {
            op_type: operator.into(),
            name: output.into(),
            input: inputs.iter().map(|&name| name.into()).collect(),
            output: vec![output.into()],
            attribute,
        });
        output.into()
    }

    /// Adds a constant f32 tensor.
    pub fn floats(&mut self, name: String, dims: &[usize], values: &[f32]) -> String {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, dims.iter().map(|&size| size as i64).collect(), FLOAT, raw_data)
    }

    /// Adds a constant i64 vector.
    pub fn integers(&mut self, name: String, values: &[i64]) -> String {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(name, vec![values.len() as i64], INT64, raw_data)
    }

    fn constant(&mut self, name: String, dims: Vec<i64>, data_type: i32, raw_data: Vec<u8>) -> String {
        self.constants.push(Tensor { dims, data_type, name: name.clone(), raw_data });
        name
    }
}

/// An attribute of one integer.
pub fn int(name: &str, value: usize) -> Attribute {
    Attribute {
        name: name.into(),
        i: value as i64,
        r#type: AttributeType::Int.into(),
        ..Attribute::default()
    }
}

/// An attribute of a word.
pub fn text(name: &str, value: &str) -> Attribute {
    Attribute {
        name: name.into(),
        s: value.into(),
        r#type: AttributeType::String.into(),
        ..Attribute::default()
    }
}

/// An attribute of several integers.
pub fn ints(name: &str, values: &[usize]) -> Attribute {
    Attribute {
        name: name.into(),
        ints: values.iter().map(|&value| value as i64).collect(),
        r#type: AttributeType::Ints.into(),
        ..Attribute::default()
    }
}

/// An attribute of one real number.
pub fn float(name: &str, value: f32) -> Attribute {
    Attribute { name: name.into(), f: value, r#type: AttributeType::Float.into(), ..Attribute::default() }
}

fn value_info(name: &str, shape: &[usize]) -> ValueInfo {
    let batch = Dimension { size: Some(Size::Parameter("batch".into())) };
    let sizes = shape.iter().map(|&size| Dimension { size: Some(Size::Value(size as i64)) });
    let shape = Shape { dim: std::iter::once(batch).chain(sizes).collect() };
    let tensor_type = Some(TensorType { elem_type: FLOAT, shape: Some(shape) });
    ValueInfo { name: name.into(), r#type: Some(Type { tensor_type }) }
}

fn provenance(model: &Model) -> Vec<Property> {
    let property = |key: &str, value: &str| Property { key: key.into(), value: value.into() };
    let provenance = &model.provenance;
    let notes = provenance.notes.iter().map(|(key, value)| property(key, value));
    [property("license", &provenance.license), property("origin", &provenance.origin)]
        .into_iter()
        .chain(notes)
        .collect()
}
