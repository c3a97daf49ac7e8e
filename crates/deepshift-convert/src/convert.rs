//! The conversion of a whole network.

use crate::equalize::equalized;
use crate::layer::Layer;
use crate::observe::observe_nodes;
use crate::report::{Converted, LayerReport};
use crate::round::{out_of_range, rounded};
use crate::samples::gather;
use crate::walk::Networks;
use crate::{Error, Result};
use deepshift_core::graph::{Graph, Node, Op};
use deepshift_core::{Input, MAX_INTEGER_BITS, Model, Tensor};
use deepshift_models::{Conversion, to_shift};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// How a network is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Which layers become shift layers, and the code of a weight's first term.
    pub conversion: Conversion,
    /// Whether a weight is the sum of two terms.
    pub two_terms: bool,
    /// Whether each output channel has a power of two of its own.
    pub channel_exponents: bool,
    /// Whether the weights of a channel are chosen together, by what the layer gives on the calibration pictures; otherwise
    /// each is rounded by itself.
    pub reconstruct: bool,
}

/// How far a conversion is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The layer at work, `channels` before the first one and `activations` after the last, while their sizes are looked at.
    pub layer: &'a str,
    /// Layers done.
    pub done: usize,
    /// Layers in all.
    pub layers: usize,
}

/// Inputs of a channel whose covariance is still looked at: it and its factors take about 2 GB. Wider layers, such as the
/// first linear one of VGG, are rounded weight by weight.
const MOST_INPUTS: usize = 8192;

/// Converts a float network. Calibration inputs are as the model takes them; without any, each weight is rounded by itself
/// and nothing is corrected. `progress` is told of every layer, and now and then of what comes before and after them, and may
/// stop the conversion. The result does not depend on the number of threads.
///
/// # Errors
/// [`Error::BadArgument`] without calibration pictures where options need them, [`Error::Core`] for a model that does not
/// hold together or calibration inputs that do not fit it, [`Error::Stopped`].
pub fn convert(
    model: &Model,
    calibration: Option<Input>,
    options: &Options,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Converted> {
    model.check()?;
    if let Some(node) = model.graph.nodes.iter().find(|node| node.shift_scheme().is_some()) {
        return Err(Error::BadArgument(format!("layer {} is a shift layer already", node.name)));
    }
    let graph = to_shift(&model.graph, &options.conversion)?;
    match calibration {
        Some(input) => calibrated(model, graph, input, options, progress),
        None if options.reconstruct => {
            Err(Error::BadArgument("weights are reconstructed on calibration pictures: give some".into()))
        }
        None => uncalibrated(with_graph(model, graph), options),
    }
}

fn with_graph(model: &Model, graph: Graph) -> Model {
    Model { graph, integer: None, ..model.clone() }
}

fn shift_layers(graph: &Graph) -> Vec<usize> {
    (0..graph.nodes.len()).filter(|&node| graph.nodes[node].shift_scheme().is_some()).collect()
}

fn uncalibrated(mut model: Model, options: &Options) -> Result<Converted> {
    let layers = shift_layers(&model.graph);
    let layers = layers.into_iter().map(|layer| round_layer(&mut model, layer, options));
    let layers = layers.collect::<Result<_>>()?;
    model.check()?;
    Ok(Converted { model, layers, statistics: Vec::new() })
}

fn round_layer(model: &mut Model, layer: usize, options: &Options) -> Result<LayerReport> {
    let name = model.graph.nodes[layer].name.clone();
    let beyond = out_of_range(&model.values(&name, "weight")?, options);
    let weight = rounded(model, &name, options)?;
    let report = LayerReport::new(&name, &weight, None, beyond);
    model.tensors.insert(format!("{name}.weight"), Tensor::Shift(weight));
    Ok(report)
}

/// Channels are equalized for integer mode, which needs few bits in all layers; and weights that grow or shrink need
/// channel exponents, because where no BatchNorm follows nothing else takes up a scale.
fn can_equalize(graph: &Graph, options: &Options) -> bool {
    let is_float =
        |node: &Node| matches!(node.op, Op::Conv2d(_) | Op::Linear(_)) && node.shift_scheme().is_none();
    let mut needed = graph.nodes.iter().zip(graph.needed()).filter(|(_, needed)| *needed);
    options.channel_exponents
        && options.conversion.format.bits <= MAX_INTEGER_BITS
        && !needed.any(|(node, _)| is_float(node))
}

fn calibrated(
    model: &Model,
    graph: Graph,
    input: Input,
    options: &Options,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Converted> {
    let layers = shift_layers(&graph);
    let mut step = |done: usize, layer: &str| match progress(Progress { layer, done, layers: layers.len() }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Stopped),
    };
    let equal = match can_equalize(&graph, options) {
        true => equalized(model, input, &mut || step(0, "channels"))?,
        false => Cow::Borrowed(model),
    };
    let model = &*equal;
    let mut converted = with_graph(model, graph);
    let mut networks = Networks::new(model, &converted, input)?;
    let mut chunks = networks.chunks();
    let mut reports = Vec::new();
    for (index, &node) in layers.iter().enumerate() {
        step(index, &model.graph.nodes[node].name)?;
        let layer = Layer::new(model, node)?;
        if !networks.is_needed(node) || layer.patches.fan_in() > MOST_INPUTS {
            reports.push(round_layer(&mut converted, node, options)?);
            if networks.is_needed(node) {
                networks.converted.update(&converted, node)?;
            }
            continue;
        }
        let moments = gather(&networks, &mut chunks, &layer)?;
        reports.push(layer.convert(&mut converted, &moments, options)?);
        for changed in std::iter::once(node).chain(layer.norm()) {
            networks.converted.update(&converted, changed)?;
        }
    }
    drop(chunks);
    converted.check()?;
    let statistics = observe_nodes(&networks, &mut || step(layers.len(), "activations"))?;
    Ok(Converted { model: converted, layers: reports, statistics })
}
