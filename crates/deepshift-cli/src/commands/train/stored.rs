//! Shift layers that a state dict tells by its names, against what the options say.

use super::options::{ShiftOptions, ShiftTypeName};
use crate::{Error, Result, output};
use deepshift_core::graph::{Graph, Op};
use deepshift_models::to_shift;
use deepshift_train::ShiftSettings;
use deepshift_weights::{ShiftLayers, StateDict, TrainedType};
use std::path::Path;

/// The options of a state dict: what was given, and where nothing was, what its names tell.
///
/// # Errors
/// Where the options contradict the names: which are needed.
pub fn completed(
    given: &ShiftOptions,
    state: &StateDict,
    graph: &Graph,
    path: &Path,
) -> Result<ShiftOptions> {
    let Some(stored) = ShiftLayers::of(state) else { return Ok(given.clone()) };
    let convert_all_linear = convert_all_linear(graph);
    let options = ShiftOptions {
        shift_depth: given.shift_depth.or_else(|| Some(depth(graph, &stored, convert_all_linear))),
        shift_type: given.shift_type.or(Some(type_name(stored.trained))),
        weight_bits: given.weight_bits.or(stored.weight_bits),
        ..given.clone()
    };
    check(options.settings(convert_all_linear, None).as_ref(), state, graph, path)?;
    if options.weight_bits.is_none() {
        output::note(&format!(
            "note: {} does not say how many bits its weights had in training: 5 are taken, --weight-bits chooses others",
            path.display()
        ));
    }
    Ok(options)
}

/// Refuses settings under which the parameters of shift layers would be another network's.
pub fn check(settings: Option<&ShiftSettings>, state: &StateDict, graph: &Graph, path: &Path) -> Result<()> {
    let Some(stored) = ShiftLayers::of(state) else { return Ok(()) };
    let is_type = |settings: &ShiftSettings| settings.shift_type == type_name(stored.trained).shift_type();
    let has_bits =
        |settings: &ShiftSettings| stored.weight_bits.is_none_or(|bits| bits == settings.weight_bits);
    let reaches = |settings: &ShiftSettings| {
        let converted = settings.conversion().ok().and_then(|conversion| to_shift(graph, &conversion).ok());
        let is_shift = |name: &String| {
            let nodes = converted.iter().flat_map(|graph| &graph.nodes);
            nodes.filter(|node| node.shift_scheme().is_some()).any(|node| node.name == *name)
        };
        stored.names.iter().all(is_shift)
    };
    if settings.is_some_and(|settings| is_type(settings) && has_bits(settings) && reaches(settings)) {
        return Ok(());
    }
    let bits = stored.weight_bits.map_or(String::new(), |bits| format!(" --weight-bits {bits}"));
    Err(Error::input(format!(
        "{}: it holds parameters of type {} in {} layers, the first {}: give --shift-type {} --shift-depth {}{bits}",
        path.display(),
        name(stored.trained),
        stored.names.len(),
        stored.names.first().map_or("", String::as_str),
        name(stored.trained),
        depth(graph, &stored, convert_all_linear(graph)),
    )))
}

/// The original's rule: only in its fully connected MNIST network do linear layers count towards the depth.
pub fn convert_all_linear(graph: &Graph) -> bool {
    graph.name != "simple_linear"
}

/// How many layers from the end there are to the first that is a shift layer.
fn depth(graph: &Graph, stored: &ShiftLayers, convert_all_linear: bool) -> usize {
    let counts = |op: &Op| match op {
        Op::Conv2d(_) => true,
        Op::Linear(_) => !convert_all_linear,
        _ => false,
    };
    let counted: Vec<bool> = graph
        .nodes
        .iter()
        .filter(|node| counts(&node.op))
        .map(|node| stored.names.contains(&node.name))
        .collect();
    let first = counted.iter().position(|&is_shift| is_shift).unwrap_or(counted.len());
    (counted.len() - first).max(1)
}

fn type_name(trained: TrainedType) -> ShiftTypeName {
    match trained {
        TrainedType::PS => ShiftTypeName::PS,
        TrainedType::DenseShift => ShiftTypeName::DenseShift,
    }
}

fn name(trained: TrainedType) -> &'static str {
    match trained {
        TrainedType::PS => "PS",
        TrainedType::DenseShift => "DenseShift",
    }
}
