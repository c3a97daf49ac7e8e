//! The shipped models of digits, in both modes and with every kernel; those of photographs would keep an emulated GPU and
//! the reference interpreter busy for minutes.

use crate::assertions::{assert_integer_exact, run};
use crate::common::{Options, Random, gpu};
use deepshift_core::reference::float_logits;
use deepshift_core::{Input, Kernel, Mode, Model};

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

#[test]
fn integer_mode_is_exact() {
    let Some(gpu) = gpu() else { return };
    for (name, model) in models() {
        for count in [1, 2, 37] {
            assert_integer_exact(gpu, &model, Input::Pictures(&pictures(&model, count)), &name);
        }
    }
}

#[test]
fn float_mode_is_close() {
    let Some(gpu) = gpu() else { return };
    for (name, model) in models() {
        let bytes = pictures(&model, 5);
        let expected = float_logits(&model, Input::Pictures(&bytes)).expect(&name);
        let largest = expected.iter().fold(0f32, |largest, x| largest.max(x.abs()));
        for kernel in [Kernel::Dot, Kernel::NaiveMultiply] {
            let options = Options { mode: Mode::Float, kernel };
            let logits = run(gpu, &model, Input::Pictures(&bytes), options, &name);
            for (got, expected) in logits.iter().zip(&expected) {
                assert!(
                    (got - expected).abs() <= 1e-5 * largest,
                    "{name} {kernel}: {got} instead of {expected}"
                );
            }
        }
    }
}
