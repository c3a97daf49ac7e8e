//! Names, shapes, counts and logits of all architectures against those of the original and of torchvision, on weights that
//! a formula gives. Run by `scripts/golden/compare-architectures`.

mod common;

use deepshift_models::DataSet;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[test]
#[ignore = "minutes; needs the golden files beside the checkout"]
fn architectures_equal_the_originals() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden/architectures");
    if !golden.is_dir() {
        println!("skipped: {} is absent", golden.display());
        return;
    }
    let only = std::env::var("ARCHITECTURES").unwrap_or_default();
    let mut failures = Vec::new();
    for (set, folder) in [(DataSet::Cifar10, "cifar10"), (DataSet::ImageNet, "imagenet")] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(golden.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let title = format!("{folder}/{name}");
            if !title.contains(&only) {
                continue;
            }
            let started = Instant::now();
            let result = compare(set, name, &serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap());
            println!("{title}: {result:?} in {:.1} s", started.elapsed().as_secs_f64());
            failures.extend(result.err().map(|error| format!("{title}: {error}")));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What a golden file says.
#[derive(Deserialize)]
struct Golden {
    seed: u64,
    parameters: usize,
    multiply_accumulates_per_picture: u64,
    state_dict: Vec<(String, Vec<usize>)>,
    logit_index: Vec<usize>,
    logits: Vec<Vec<f64>>,
    largest_logit: f64,
    f32_error: f64,
}

/// The largest error of a logit over the largest logit; in words what differs.
fn compare(set: DataSet, name: &str, golden: &Golden) -> Result<f64, String> {
    let graph = set.by_name(name).ok_or("there is no such architecture")?;
    let parameters = graph.parameters();
    let mut both = parameters.iter().zip(&golden.state_dict);
    if let Some((ours, theirs)) = both.find(|(ours, theirs)| ours != theirs) {
        return Err(format!("{ours:?} instead of {theirs:?}"));
    }
    same("tensors", parameters.len(), golden.state_dict.len())?;
    same("parameters", common::learned_parameters(&graph), golden.parameters)?;
    let operations = graph.multiply_accumulates().unwrap();
    same("multiply-accumulates", operations, golden.multiply_accumulates_per_picture)?;

    let logits = common::formula_logits(graph, golden.seed, golden.logits.len());
    let each = logits.len() / golden.logits.len();
    let pairs = logits.chunks(each).zip(&golden.logits).flat_map(|(logits, expected)| {
        let ours = golden.logit_index.iter().map(|&index| f64::from(logits[index]));
        ours.zip(expected.iter().copied())
    });
    let error = pairs.map(|(ours, expected)| (ours - expected).abs()).fold(0.0, f64::max);
    let error = error / golden.largest_logit;
    let allowed = (10.0 * golden.f32_error).max(1e-5);
    if error <= allowed { Ok(error) } else { Err(format!("a logit is off by {error:e}")) }
}

fn same<T: PartialEq + std::fmt::Display>(what: &str, ours: T, theirs: T) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{ours} {what} instead of {theirs}")) }
}
