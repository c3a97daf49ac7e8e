//! The shipped models of digits, in both modes and with every kernel; those of photographs would keep an emulated GPU and
//! the reference interpreter busy for minutes.

use super::Suite;
use crate::Random;
use deepshift_core::{Input, Model};

fn models() -> Vec<(String, Model)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/models");
    let files = std::fs::read_dir(folder).expect("the shipped models");
    let paths = files.map(|file| file.expect("a file").path());
    let models: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "dshift"))
        .map(|path| {
            let bytes = std::fs::read(&path).expect("a file that can be read");
            (path.display().to_string(), Model::from_bytes(&bytes).expect("a good file"))
        })
        .filter(|(_, model)| model.graph.input_shape() == [1, 28, 28])
        .collect();
    assert!(models.len() >= 2, "the shipped models are missing");
    models
}

fn pictures(model: &Model, count: usize) -> Vec<u8> {
    let mut random = Random(5);
    let each: usize = model.graph.input_shape().iter().product();
    (0..count * each).map(|_| random.bits() as u8).collect()
}

/// Both modes of the networks for digits.
pub fn digits(suite: &Suite) {
    for (name, model) in models() {
        for count in [1, 2, 37] {
            suite.assert_exact(&model, Input::Pictures(&pictures(&model, count)), &name);
        }
        suite.assert_close(&model, Input::Pictures(&pictures(&model, 5)), &name);
    }
}
