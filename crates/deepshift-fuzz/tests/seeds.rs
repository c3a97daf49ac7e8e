//! Every seed of every fuzz target once.

use deepshift_fuzz::{TARGETS, Target};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn seeds() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

#[test]
fn no_seed_breaks_a_promise() {
    for Target { name, seeds: folder, run } in TARGETS {
        let files = std::fs::read_dir(seeds().join(folder)).unwrap();
        let accepted = files.filter(|file| {
            let path = file.as_ref().unwrap().path();
            run(&std::fs::read(&path).unwrap())
        });
        assert!(accepted.count() > 0, "{name} takes none of its seeds");
    }
}

#[test]
fn every_target_has_a_program() {
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let files = std::fs::read_dir(folder).unwrap();
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    let targets = |name: fn(&Target) -> &str| -> BTreeSet<String> {
        TARGETS.iter().map(|target| name(target).to_owned()).collect()
    };
    assert_eq!(names(seeds().join("../fuzz_targets")), targets(|target| target.name));
    assert_eq!(names(seeds()), targets(|target| target.seeds));
}
