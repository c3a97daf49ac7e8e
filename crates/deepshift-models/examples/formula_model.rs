//! Writes an architecture with weights from a formula as a packed file with an integer network: something to time
//! where no trained weights are at hand.
//!
//! `cargo run -p deepshift-models --example formula_model -- resnet18 PS 4 resnet18-4bit.dshift`; `float` instead of `PS 4`
//! leaves the layers as they are.

use deepshift_core::graph::Graph;
use deepshift_core::reference::float_nodes;
use deepshift_core::{Model, Provenance, ShiftFormat, ShiftType, ShiftWeight, Tensor};
use deepshift_models::integer::{ActivationStatistics, build_integer};
use deepshift_models::{Conversion, by_name, formula_input, formula_weights, to_shift};
use std::error::Error;

const SEED: u64 = 1;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (model, path) = match arguments.as_slice() {
        [arch, "float", path] => (packed(graph(arch)?)?, path),
        [arch, "Q", bits, path] => (shift_model(arch, ShiftType::Q, bits)?, path),
        [arch, "PS", bits, path] => (shift_model(arch, ShiftType::PS, bits)?, path),
        _ => return Err("usage: formula_model ARCHITECTURE (float | Q BITS | PS BITS) FILE.dshift".into()),
    };
    Ok(std::fs::write(path, model.to_bytes()?)?)
}

fn graph(arch: &str) -> Result<Graph> {
    Ok(by_name(arch).ok_or("there is no such architecture")?)
}

fn shift_model(arch: &str, shift_type: ShiftType, bits: &str) -> Result<Model> {
    let format = ShiftFormat::new(shift_type, bits.parse()?)?;
    let conversion =
        Conversion { shift_depth: usize::MAX, format, activation_bits: [16, 16], convert_all_linear: true };
    let mut model = packed(to_shift(&graph(arch)?, &conversion)?)?;
    let values = float_nodes(&model, &formula_input(&model.graph, SEED, 1))?;
    let mut statistics = vec![ActivationStatistics::default(); values.len()];
    for (statistics, values) in statistics.iter_mut().zip(&values) {
        statistics.observe(values);
    }
    build_integer(&mut model, &statistics, false)?;
    Ok(model)
}

fn packed(graph: Graph) -> Result<Model> {
    let mut tensors = formula_weights(&graph, SEED);
    for node in &graph.nodes {
        let name = format!("{}.weight", node.name);
        if let (Some(scheme), Some(Tensor::Float(weight))) = (node.shift_scheme(), tensors.get(&name)) {
            let (weight, _) = ShiftWeight::from_values(weight.shape.clone(), scheme.format, &weight.values)?;
            tensors.insert(name, Tensor::Shift(weight));
        }
    }
    let provenance = Provenance {
        license: "MIT OR Apache-2.0".into(),
        origin: "weights from a formula, for benchmarks".into(),
        ..Provenance::default()
    };
    Ok(Model { graph, tensors, integer: None, preprocessing: None, classes: Vec::new(), provenance })
}
