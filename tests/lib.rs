//! Models that the tests across rooms share.

use deepshift_core::graph::{
    Activation, BatchNorm, Conv2d, Graph, GraphBuilder, Movement, Op, Pad, PadMode, PadShortcut, Pool, Slice,
};
use deepshift_core::reference::float_nodes;
use deepshift_core::{Model, Preprocessing, Provenance, Result, ShiftFormat, ShiftWeight, Tensor};
use deepshift_models::integer::{ActivationStatistics, build_integer};
use deepshift_models::{Conversion, formula_input, formula_weights, to_shift};
use std::path::PathBuf;

/// A path in the repository.
pub fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The graph with all layers as shift layers, weights from the formula, and an integer network from formula inputs.
/// Every second layer has two terms and channel exponents.
///
/// # Errors
/// Where the graph has no integer network.
pub fn formula_model(graph: &Graph, format: ShiftFormat) -> Result<Model> {
    let mut model = float_model(graph, format, true)?;
    let statistics = calibrate(&model, &formula_input(&model.graph, 7, 2))?;
    build_integer(&mut model, &statistics, false)?;
    Ok(model)
}

/// The same for float mode only; where it is not `rich`, all layers have one term.
///
/// # Errors
/// Where the graph makes no sense.
pub fn float_model(graph: &Graph, format: ShiftFormat, rich: bool) -> Result<Model> {
    let options =
        Conversion { shift_depth: 1000, format, activation_bits: [16, 16], convert_all_linear: true };
    let graph = to_shift(graph, &options)?;
    let mut tensors = formula_weights(&graph, 7);
    let layers = graph.nodes.iter().filter(|node| node.shift_scheme().is_some());
    for (number, node) in layers.enumerate() {
        if let Some(tensor) = tensors.get_mut(&format!("{}.weight", node.name)) {
            *tensor = Tensor::Shift(shift_weight(tensor, format, rich && number % 2 == 1)?);
        }
    }
    // A vector counts as one channel.
    let channels = if graph.input_shape().len() == 3 { graph.input_shape()[0] } else { 1 };
    Ok(Model {
        graph,
        tensors,
        integer: None,
        preprocessing: Some(Preprocessing::new(vec![0.1307; channels], vec![0.3081; channels])),
        classes: Vec::new(),
        provenance: Provenance::default(),
    })
}

fn shift_weight(tensor: &Tensor, format: ShiftFormat, rich: bool) -> Result<ShiftWeight> {
    let (mut weight, _) = ShiftWeight::from_values(tensor.shape().to_vec(), format, &tensor.values())?;
    if rich {
        let rest: Vec<f32> =
            tensor.values().iter().zip(weight.values()).map(|(wanted, rounded)| wanted - rounded).collect();
        let second = ShiftWeight::from_values(weight.shape.clone(), weight.second_format(), &rest)?.0;
        weight.second = Some(second.first);
        weight.exponents = Some(vec![0; weight.channels()]);
    }
    Ok(weight)
}

/// What the values of every node look like for these inputs.
///
/// # Errors
/// Where the model cannot run.
pub fn calibrate(model: &Model, input: &[f32]) -> Result<Vec<ActivationStatistics>> {
    let mut statistics = vec![ActivationStatistics::default(); model.graph.nodes.len()];
    for picture in input.chunks(model.graph.input_shape().iter().product()) {
        for (statistics, values) in statistics.iter_mut().zip(float_nodes(model, picture)?) {
            statistics.observe(&values);
        }
    }
    Ok(statistics)
}

/// A small network with every operation that integer mode knows.
pub fn every_operation() -> Graph {
    let mut b = GraphBuilder::new("every_operation", &[3, 8, 8]);
    let stem = b.conv("stem", 0, Conv2d::square(3, 8, 3).padded(1));
    let stem = b.batch_norm("stem_norm", stem, 8);
    let stem = b.op("stem_relu6", Op::Activation(Activation::Relu6), &[stem]);
    let left = b.op("left", Op::Move(Movement::channels([0, 4])), &[stem]);
    let right = b.op("right", Op::Move(Movement::channels([4, 8])), &[stem]);
    let left = b.conv("grouped", left, Conv2d { groups: 2, ..Conv2d::square(4, 4, 3).padded(1).biased() });
    let left = b.op("swish", Op::Activation(Activation::Swish), &[left]);
    let joined = b.op("concat", Op::Concat, &[left, right]);
    let joined = b.op("shuffle", Op::Move(Movement::ChannelShuffle(2)), &[joined]);
    let norm = b.op("norm", Op::BatchNorm(BatchNorm { channels: 8, eps: 1e-5 }), &[joined]);
    let norm = b.relu("norm_relu", norm);
    let sum = b.op("sum", Op::Add, &[norm, stem]);
    let squeezed = b.op("squeeze", Op::AdaptiveAvgPool([1, 1]), &[sum]);
    let gate = b.conv("excite", squeezed, Conv2d::square(8, 8, 1).biased());
    let gate = b.op("sigmoid", Op::Activation(Activation::Sigmoid), &[gate]);
    let gated = b.op("gate", Op::Multiply, &[sum, gate]);
    let dropped = b.op("dropout", Op::Dropout(0.5), &[gated]);
    let pool = Pool { kernel: [3, 3], stride: [2, 2], padding: [1, 1], ceil_mode: false };
    let most = b.op("max", Op::MaxPool(pool), &[dropped]);
    let mean = b.op("mean", Op::AvgPool(pool), &[dropped]);
    let both = b.op("both", Op::Concat, &[most, mean]);
    let last = b.conv("classifier", both, Conv2d::square(16, 10, 1).biased());
    let last = b.op("pooled", Op::AdaptiveAvgPool([1, 1]), &[last]);
    let logits = b.op("flatten", Op::Move(Movement::Flatten), &[last]);
    b.finish(logits)
}

/// A small network with every movement.
pub fn every_movement() -> Graph {
    let mut b = GraphBuilder::new("every_movement", &[8, 4, 4]);
    let pad = |padding, mode| Movement::Pad(Pad { padding, mode });
    let slice = |axis, end, step| Movement::Slice(Slice { axis, start: 0, end, step });
    let mut x = b.conv("conv", 0, Conv2d::square(8, 8, 1).biased());
    for (index, movement) in [
        Movement::Reshape(vec![4, 2, 16]),
        Movement::Transpose([2, 0, 1]),
        slice(0, 8, 1),
        pad([1, 1, 1, 1], PadMode::Zeros),
        pad([0, 1, 0, 1], PadMode::Edge),
        pad([1, 0, 1, 0], PadMode::Reflect),
        Movement::ResizeNearest([5, 4]),
        Movement::PixelShuffle(2),
        Movement::ChannelShuffle(2),
        Movement::PadShortcut(PadShortcut { stride: 2, before: 1, after: 1 }),
        slice(1, 5, 2),
        Movement::Flatten,
    ]
    .into_iter()
    .enumerate()
    {
        x = b.op(&format!("move{index}"), Op::Move(movement), &[x]);
    }
    let logits = b.linear("fc", x, 48, 10);
    b.finish(logits)
}
