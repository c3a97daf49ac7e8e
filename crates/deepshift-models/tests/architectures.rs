//! Names, shapes, counts and logits of all architectures against `fixtures/architectures.json`, which
//! `scripts/golden/architectures.py` computed from their graphs with PyTorch. That the graphs are the original's and
//! torchvision's is what `golden.rs` and `scripts/golden/torchvision_state_dicts.py` show.

mod common;

use common::formula_model;
use deepshift_core::graph::Graph;
use deepshift_core::{Input, Model, reference};
use deepshift_models::{DataSet, NAMES, by_name, formula_input};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const SEED: u64 = 2;

/// The reference interpreter takes a second for as many multiply-accumulates.
const REFERENCE_LIMIT: u64 = 30_000_000;
/// What the CPU's kernels do in a few tenths of a second.
const SMALL: u64 = 600_000_000;

#[derive(Deserialize)]
struct Fixture {
    digest: String,
    parameters: usize,
    multiply_accumulates: u64,
    largest_logit: f64,
    logits: Vec<f64>,
}

fn fixtures() -> BTreeMap<String, Fixture> {
    serde_json::from_str(include_str!("fixtures/architectures.json")).unwrap()
}

#[test]
fn names_shapes_and_counts() {
    let fixtures = fixtures();
    assert!(NAMES.iter().copied().collect::<BTreeSet<_>>().iter().eq(fixtures.keys()));
    for (name, fixture) in &fixtures {
        let graph = by_name(name).unwrap();
        assert_eq!(graph.name, *name);
        assert_eq!(digest(&graph), fixture.digest, "{name}");
        assert_eq!(common::learned_parameters(&graph), fixture.parameters, "{name}");
        assert_eq!(graph.multiply_accumulates().unwrap(), fixture.multiply_accumulates, "{name}");
    }
}

#[test]
fn every_architecture_is_far_below_the_limit_of_work() {
    let largest = NAMES.iter().map(|name| by_name(name).unwrap().work().unwrap()).max().unwrap();
    assert!((5 * largest..10 * largest).contains(&Model::WORK_LIMIT), "{largest} steps");
}

/// FNV-1a over names and shapes in order.
fn digest(graph: &Graph) -> String {
    let mut state = 0xCBF2_9CE4_8422_2325_u64;
    for (name, shape) in graph.parameters() {
        for byte in format!("{name} {shape:?}\n").replace(", ", "x").bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
    }
    format!("{state:016x}")
}

#[test]
fn logits_of_small_networks() {
    check_logits(|operations| operations <= SMALL);
}

#[test]
#[ignore = "a minute, and 2 GiB of memory"]
fn logits_of_large_networks() {
    check_logits(|operations| operations > SMALL);
}

fn check_logits(wanted: impl Fn(u64) -> bool) {
    for (name, fixture) in fixtures() {
        if !wanted(fixture.multiply_accumulates) {
            continue;
        }
        let graph = by_name(&name).unwrap();
        let check = |what: &str, logits: Vec<f32>| {
            let error = largest_error(&logits, &fixture.logits) / fixture.largest_logit;
            assert!(error <= allowed(&name), "{name}, {what}: a logit is off by {error:e}");
        };
        check("CPU kernels", common::formula_logits(graph.clone(), SEED, 1));
        if fixture.multiply_accumulates <= REFERENCE_LIMIT {
            let input = formula_input(&graph, SEED, 1);
            let logits = reference::float_logits(&formula_model(graph, SEED), Input::Values(&input));
            check("reference", logits.unwrap());
        }
    }
}

fn largest_error(logits: &[f32], expected: &[f64]) -> f64 {
    logits
        .iter()
        .zip(expected)
        .map(|(&ours, expected)| (f64::from(ours) - expected).abs())
        .fold(0.0, f64::max)
}

/// What f32 loses of the largest logit. The sums of EfficientNet-B0 for CIFAR-10 cancel: PyTorch loses 6e-5 there.
fn allowed(name: &str) -> f64 {
    if name == "efficientnetB0" { 6e-4 } else { 1e-5 }
}

#[test]
fn data_sets_share_names() {
    for set in DataSet::ALL {
        for name in set.names() {
            let graph = set.by_name(name).unwrap();
            assert_eq!(by_name(&graph.name), Some(graph), "{name}");
        }
    }
    let input = |set: DataSet| set.by_name("resnet18").map(|graph| graph.input_shape().to_vec());
    assert_eq!(input(DataSet::Cifar10), Some(vec![3, 32, 32]));
    assert_eq!(input(DataSet::ImageNet), Some(vec![3, 224, 224]));
    assert_eq!(input(DataSet::Mnist), None);
    assert_eq!(by_name("resnet18"), DataSet::ImageNet.by_name("resnet18"));
    assert_eq!(by_name("no such network"), None);
}

#[test]
fn auxiliary_heads_are_outputs_of_their_own() {
    let graph = by_name("googlenet").unwrap();
    let names: Vec<&str> = graph.outputs.iter().map(|&output| graph.nodes[output].name.as_str()).collect();
    assert_eq!(names, ["fc", "aux1.fc2", "aux2.fc2"]);
}
