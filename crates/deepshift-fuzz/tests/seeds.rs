//! Every seed of every fuzz target once.

use deepshift_fuzz::TARGETS;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn seeds() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

#[test]
fn no_seed_breaks_a_promise() {
    for (name, target) in TARGETS {
        let files = std::fs::read_dir(seeds().join(name)).unwrap();
        let accepted = files.filter(|file| {
            let path = file.as_ref().unwrap().path();
            target(&std::fs::read(&path).unwrap())
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
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names(seeds().join("../fuzz_targets")), targets);
    assert_eq!(names(seeds()), targets);
}
