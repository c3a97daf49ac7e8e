//! Running an architecture on weights and inputs of the formula.

use deepshift_core::graph::Graph;
use deepshift_core::{Input, Model, Provenance};
use deepshift_cpu::{Executor, Kernel, Mode, Options};
use deepshift_models::{formula_input, formula_weights};

/// The network with weights of the formula.
pub fn formula_model(graph: Graph, seed: u64) -> Model {
    Model {
        tensors: formula_weights(&graph, seed),
        graph,
        integer: None,
        preprocessing: None,
        classes: Vec::new(),
        provenance: Provenance::default(),
    }
}

/// Logits of so many pictures, computed by this CPU's f32 kernels.
pub fn formula_logits(graph: Graph, seed: u64, pictures: usize) -> Vec<f32> {
    let input = formula_input(&graph, seed, pictures);
    let options = Options { mode: Mode::Float, kernel: Kernel::Dot, ..Options::default() };
    let executor = Executor::new(&formula_model(graph, seed), options).unwrap();
    executor.run(Input::Values(&input)).unwrap()
}

/// Elements of all tensors but the running statistics, which training does not learn.
pub fn learned_parameters(graph: &Graph) -> usize {
    let learned = graph.parameters().into_iter().filter(|(name, _)| !name.contains(".running_"));
    learned.map(|(_, shape)| shape.iter().product::<usize>()).sum()
}
