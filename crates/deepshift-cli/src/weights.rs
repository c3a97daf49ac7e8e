//! State dicts from files, and what a user should know of what was taken.

use crate::{Error, Result, output, text};
use clap::Args;
use deepshift_core::OutOfRange;
use deepshift_core::graph::Graph;
use deepshift_models::{NAMES, by_name};
use deepshift_weights::{Chosen, StateDict, WeightFile};
use std::path::Path;

/// Which of a file's weights are meant.
#[derive(Args, Clone, Debug, Default)]
pub struct WeightsKey {
    /// Where in the file of weights they are, if it holds several: a key such as ema, or several joined by dots
    #[arg(long, value_name = "KEY")]
    weights_key: Option<String>,
}

impl WeightsKey {
    pub fn as_deref(&self) -> Option<&str> {
        self.weights_key.as_deref()
    }
}

/// The weights of a network in the bytes of a file.
pub fn read(path: &Path, bytes: &[u8], graph: &Graph, key: &WeightsKey) -> Result<StateDict> {
    let name = text::one_line(&path.display().to_string());
    let file = WeightFile::parse(bytes).map_err(|error| Error::input(format!("{name}: {error}")))?;
    let chosen = file.choose(graph, key.as_deref()).map_err(|error| {
        let fitting = match error {
            deepshift_weights::Error::BadArgument(_) => fitting(&file),
            _ => None,
        };
        let hint =
            fitting.map_or(String::new(), |archs| format!(" (its names and shapes are those of {archs})"));
        Error::input(format!("{name}: {error}{hint}"))
    })?;
    notes(&name, graph, &chosen).iter().for_each(|note| output::note(note));
    Ok(chosen.state)
}

/// Architectures whose names and shapes a file has; none where it is no file of weights.
pub fn architectures_of(bytes: &[u8]) -> Option<String> {
    WeightFile::parse(bytes).ok().and_then(|file| fitting(&file))
}

fn fitting(file: &WeightFile) -> Option<String> {
    let fits = |name: &&&str| by_name(name).is_some_and(|graph| file.fits(&graph));
    let names: Vec<&str> = NAMES.iter().filter(fits).copied().take(3).collect();
    (!names.is_empty()).then(|| names.join(" or "))
}

fn notes(name: &str, graph: &Graph, chosen: &Chosen) -> Vec<String> {
    let mut notes = Vec::new();
    if !chosen.others.is_empty() {
        let others = chosen.others.iter().take(8).map(|place| quoted(place)).collect::<Vec<_>>().join(", ");
        notes.push(format!(
            "note: {name} holds weights of {} several times: those under {} are taken, --weights-key chooses those under \
             {others}",
            graph.name,
            quoted(&chosen.key)
        ));
    }
    if let Some(first) = chosen.left_out.first() {
        notes.push(format!(
            "note: {} tensors beside the weights in {name} are left out, the first {}",
            chosen.left_out.len(),
            text::one_line(first)
        ));
    }
    notes
}

fn quoted(place: &str) -> String {
    if place.is_empty() { "no key".into() } else { format!("`{}`", text::one_line(place)) }
}

/// How many layers a note names.
const NAMED: usize = 3;
/// How much of all magnitudes may be added by raising small weights before it is worth a note.
const LEAST_ADDED: f64 = 0.05;

/// What is lost where layers have weights beyond their codes, and what helps.
pub fn range_notes(layers: &[(String, OutOfRange)], help: &str) -> Vec<String> {
    let all: usize = layers.iter().map(|(_, range)| range.weights).sum();
    let mut notes = Vec::new();
    let clipped = worst(layers, |range| range.clipped);
    if let Some((count, list)) = clipped {
        notes.push(format!(
            "note: {} of {} weights are beyond the largest code and were clipped to it: {list}; {help}",
            text::grouped(count as u64),
            text::grouped(all as u64)
        ));
    }
    let raised = worst(layers, |range| if range.added >= LEAST_ADDED { range.raised } else { 0 });
    if let Some((count, list)) = raised {
        notes.push(format!(
            "note: {} of {} weights are below the smallest code and were raised to it: {list}; more --weight-bits reach \
             smaller weights",
            text::grouped(count as u64),
            text::grouped(all as u64)
        ));
    }
    notes
}

/// The sum over all layers, and the layers with most.
fn worst(layers: &[(String, OutOfRange)], count: impl Fn(&OutOfRange) -> usize) -> Option<(usize, String)> {
    let mut counts: Vec<(usize, &str)> = layers
        .iter()
        .map(|(name, range)| (count(range), name.as_str()))
        .filter(|(count, _)| *count > 0)
        .collect();
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let sum = counts.iter().map(|(count, _)| count).sum();
    let named = counts
        .iter()
        .take(NAMED)
        .map(|(count, name)| format!("{} in {}", text::grouped(*count as u64), text::one_line(name)));
    let mut list: Vec<String> = named.collect();
    if counts.len() > NAMED {
        list.push(format!("others in {} more layers", counts.len() - NAMED));
    }
    (sum > 0).then(|| (sum, list.join(", ")))
}

/// Of every shift layer of a graph that begins with these weights.
pub fn out_of_range(graph: &Graph, state: &StateDict) -> Vec<(String, OutOfRange)> {
    let range = |node: &deepshift_core::graph::Node| {
        let format = node.shift_scheme()?.format;
        let named = |suffix: &str| state.get(&format!("{}.{suffix}", node.name));
        let range = match (named("weight"), named("shift")) {
            (Some(weight), _) => OutOfRange::of(&weight.values, format, false),
            (None, Some(shift)) => {
                let magnitudes: Vec<f32> = shift.values.iter().map(|shift| shift.exp2()).collect();
                OutOfRange::of(&magnitudes, format, false)
            }
            // Signs and scales say nothing but what codes can.
            (None, None) => return None,
        };
        Some((node.name.clone(), range))
    };
    graph.nodes.iter().filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str, clipped: usize, raised: usize, added: f64) -> (String, OutOfRange) {
        (name.into(), OutOfRange { weights: 1000, clipped, raised, added })
    }

    #[test]
    fn the_worst_layers_are_named_first() {
        let layers = [
            layer("a", 1, 0, 0.0),
            layer("b", 1000, 0, 0.0),
            layer("c", 2, 0, 0.0),
            layer("d", 0, 0, 0.0),
            layer("e", 3, 0, 0.0),
        ];
        assert_eq!(
            range_notes(&layers, "help"),
            [
                "note: 1,006 of 5,000 weights are beyond the largest code and were clipped to it: 1,000 in b, 3 in e, 2 in \
              c, others in 1 more layers; help"
            ]
        );
    }

    #[test]
    fn raised_weights_are_told_where_they_matter() {
        assert!(range_notes(&[layer("a", 0, 500, 0.01)], "").is_empty());
        let notes = range_notes(&[layer("a", 0, 500, 0.5), layer("b", 0, 10, 0.0)], "");
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains("500 of 2,000 weights are below the smallest code"), "{notes:?}");
    }
}
