//! The files that are shipped, on MNIST's real test pictures. Skipped where those are absent.

use crate::fixture::Fixture;
use deepshift_core::Model;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("DEEPSHIFT_DATA").map_or_else(|| repository().join("data"), PathBuf::from);
    folder.join("mnist/t10k-images-idx3-ubyte").is_file().then_some(folder)
}

fn top1(report: &str) -> f64 {
    let (_, rest) = report.split_once("top-1 ").unwrap();
    rest.split_once(" %").unwrap().0.parse().unwrap()
}

#[test]
fn every_kernel_gives_the_accuracy_that_the_file_claims() {
    let Some(data) = data() else {
        println!("skipped: no MNIST here; scripts/data mnist fetches it");
        return;
    };
    for (name, largest) in [("mnist-conv", 286_720), ("mnist-fc", 440_000)] {
        let path = repository().join("web/models").join(name).with_extension("dshift");
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.len() <= largest, "{name}: {} bytes", bytes.len());
        let claimed: f64 = Model::from_bytes(&bytes).unwrap().provenance.notes["top1"].parse().unwrap();

        let fixture = Fixture::new();
        let eval = |options: &str| {
            top1(&fixture.succeed(&format!("eval {} --data {} {options}", path.display(), data.display())))
        };
        assert_eq!(eval("--mode float"), claimed, "{name}");
        let integer = eval("--kernel dot");
        assert!(
            (integer - claimed).abs() <= 0.1,
            "{name}: {integer} in integer mode, {claimed} in float mode"
        );
        for kernel in ["shift", "naive-multiply"] {
            assert_eq!(eval(&format!("--kernel {kernel}")), integer, "{name}, {kernel}");
        }
        let few = "--limit 300 --kernel";
        assert_eq!(eval(&format!("{few} reference")), eval(&format!("{few} dot")), "{name}");
    }
}

#[test]
fn all_files_say_where_they_come_from_and_fit_a_page() {
    let mut total = 0;
    for entry in std::fs::read_dir(repository().join("web/models")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "dshift") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        total += bytes.len();
        let model = Model::from_bytes(&bytes).unwrap();
        let logits: usize = model.graph.shapes().unwrap()[model.graph.logits()].iter().product();
        assert!(model.integer.is_some() && model.preprocessing.is_some(), "{}", path.display());
        assert_eq!(model.classes.len(), logits, "{}", path.display());
        let provenance = &model.provenance;
        assert!(!provenance.notes.is_empty(), "{}", path.display());
        for text in [&provenance.origin, &provenance.license] {
            assert!(!text.is_empty() && text != "unknown", "{}: {provenance:?}", path.display());
        }
    }
    assert!((1..=12_000_000).contains(&total), "{total} bytes");
}
