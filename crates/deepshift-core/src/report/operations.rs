//! What the operations are called, and what they cost for one picture in float mode.

use crate::graph::{Conv2d, Node, Op, Pool};
use crate::{Model, Result};
use serde::Serialize;

/// What one picture costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Operations {
    /// Terms `±2^n * x` that the shift layers add up; padding and weights of zero counted too.
    pub shift_additions: u64,
    /// What remains a multiplication.
    pub multiplications: Vec<Multiplications>,
}

/// Multiplications of one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Multiplications {
    /// Name of the node.
    pub node: String,
    /// What is multiplied, in words.
    pub operation: &'static str,
    /// How many for one picture.
    pub per_picture: u64,
}

impl Operations {
    /// Notes multiplications, if there are any.
    pub(super) fn multiply(&mut self, node: &str, operation: &'static str, per_picture: u64) {
        if per_picture > 0 {
            self.multiplications.push(Multiplications { node: node.into(), operation, per_picture });
        }
    }

    /// Of all nodes together, for one picture.
    pub fn total_multiplications(&self) -> u64 {
        self.multiplications.iter().map(|node| node.per_picture).sum()
    }
}

/// The cost of float mode.
pub(super) fn float_operations(model: &Model) -> Result<Operations> {
    let mut operations = Operations::default();
    for (node, shape) in model.graph.nodes.iter().zip(model.graph.shapes()?) {
        count(model, node, &shape, &mut operations);
    }
    Ok(operations)
}

fn count(model: &Model, node: &Node, shape: &[usize], operations: &mut Operations) {
    let elements: u64 = shape.iter().map(|&size| size as u64).product();
    match node.op {
        Op::Conv2d(_) | Op::Linear(_) if node.shift_scheme().is_some() => {
            operations.shift_additions += shift_additions(model, node, shape);
        }
        Op::Conv2d(_) | Op::Linear(_) => {
            operations.multiply(&node.name, "f32 weights", node.op.multiply_accumulates(shape));
        }
        Op::BatchNorm(_) => operations.multiply(&node.name, "scale of each channel", elements),
        Op::Multiply => operations.multiply(&node.name, "product of activations", elements),
        Op::AvgPool(_) | Op::AdaptiveAvgPool(_) => operations.multiply(&node.name, "mean", elements),
        Op::Input(_)
        | Op::Activation(_)
        | Op::MaxPool(_)
        | Op::Add
        | Op::Concat
        | Op::Move(_)
        | Op::Dropout(_)
        | Op::DropPath(_) => {}
    }
}

/// Terms that a shift layer with an output of this shape adds up.
pub(super) fn shift_additions(model: &Model, node: &Node, shape: &[usize]) -> u64 {
    let has_second = model.shift_weight(&node.name).is_some_and(|weight| weight.second.is_some());
    node.op.multiply_accumulates(shape) * (1 + u64::from(has_second))
}

/// A short name of an operation, with what is unusual about it.
pub(super) fn graph_operation(op: &Op) -> String {
    match op {
        Op::Input(_) => "input".into(),
        Op::Conv2d(conv) => convolution(conv),
        Op::Linear(_) => "linear".into(),
        Op::BatchNorm(_) => "batch norm".into(),
        Op::Activation(activation) => activation.name().into(),
        Op::MaxPool(pool) => format!("max pool {}", window(pool)),
        Op::AvgPool(pool) => format!("average pool {}", window(pool)),
        Op::AdaptiveAvgPool([height, width]) => format!("average pool to {height}x{width}"),
        Op::Add => "add".into(),
        Op::Multiply => "multiply".into(),
        Op::Concat => "concat".into(),
        Op::Move(movement) => movement.label(),
        Op::Dropout(probability) => format!("dropout {} %", percent(*probability)),
        Op::DropPath(probability) => format!("drop path {} %", percent(*probability)),
    }
}

fn percent(probability: f32) -> u32 {
    (probability * 100.0).round() as u32
}

fn convolution(conv: &Conv2d) -> String {
    let mut text = format!("conv {}x{}", conv.kernel[0], conv.kernel[1]);
    if conv.stride != [1, 1] {
        text += &format!(" /{}", conv.stride[0].max(conv.stride[1]));
    }
    if conv.dilation != [1, 1] {
        text += &format!(" dilated {}", conv.dilation[0].max(conv.dilation[1]));
    }
    if conv.groups != 1 {
        text += &format!(" in {} groups", conv.groups);
    }
    text
}

/// `2x2 /2`: a window and its stride.
pub(super) fn window(pool: &Pool) -> String {
    format!("{}x{} /{}", pool.kernel[0], pool.kernel[1], pool.stride[0].max(pool.stride[1]))
}
