//! Names, shapes, counts and logits of the architectures against those of the original, on weights that a formula
//! gives. Skipped where `../shared` is absent.

use deepshift_core::{Input, Model, Provenance, reference};
use deepshift_models::{NAMES, by_name, formula_input, formula_weights};
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn architectures_equal_the_originals() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/architectures");
    let mut compared = 0;
    for name in NAMES {
        for set in ["cifar10", "imagenet"] {
            let Ok(text) = std::fs::read_to_string(golden.join(set).join(format!("{name}.json"))) else {
                continue;
            };
            compare(name, &serde_json::from_str(&text).unwrap());
            compared += 1;
        }
    }
    if compared == 0 {
        println!("skipped: {} is absent", golden.display());
    }
}

fn compare(name: &str, golden: &serde_json::Value) {
    let graph = by_name(name).unwrap();
    let parameters: Vec<(String, Vec<usize>)> = serde_json::from_value(golden["state_dict"].clone()).unwrap();
    assert_eq!(graph.parameters(), parameters, "{name}");
    assert_eq!(
        graph.multiply_accumulates().unwrap(),
        golden["multiply_accumulates_per_picture"].as_u64().unwrap(),
        "{name}"
    );

    let seed = golden["seed"].as_u64().unwrap();
    let expected: Vec<Vec<f64>> = serde_json::from_value(golden["logits"].clone()).unwrap();
    let index: Vec<usize> = serde_json::from_value(golden["logit_index"].clone()).unwrap();
    let input = formula_input(&graph, seed, expected.len());
    let model = Model {
        tensors: formula_weights(&graph, seed),
        graph,
        integer: None,
        preprocessing: None,
        classes: Vec::new(),
        provenance: Provenance::default(),
    };
    let logits = reference::float_logits(&model, Input::Values(&input)).unwrap();
    let largest = golden["largest_logit"].as_f64().unwrap();
    let allowed = 1e-5f64.max(10.0 * golden["f32_error"].as_f64().unwrap());
    let classes = logits.len() / expected.len();
    for (picture, expected) in expected.iter().enumerate() {
        for (&index, expected) in index.iter().zip(expected) {
            let error = (f64::from(logits[picture * classes + index]) - expected).abs() / largest;
            assert!(error <= allowed, "{name}, picture {picture}, logit {index}: error {error:e}");
        }
    }
}

#[test]
fn every_named_architecture_makes_sense() {
    for name in NAMES {
        let graph = by_name(name).unwrap();
        assert_eq!(graph.name, name);
        graph.shapes().unwrap();
        let unique: BTreeMap<_, _> = graph.parameters().into_iter().collect();
        assert_eq!(unique.len(), graph.parameters().len());
    }
    assert_eq!(by_name("no such network"), None);
}
