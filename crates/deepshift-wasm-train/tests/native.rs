//! The first steps of a few runs natively; `browser.test.mjs` compares those of the wasm module with the same file.

use burn::tensor::Device;
use deepshift_train::Trainer;
use deepshift_train::data::{Dataset, mnist};
use deepshift_wasm_train::TrainSettings;
use serde::Deserialize;

const PICTURES: usize = 640;

/// A run and the mean loss of each of its first steps.
#[derive(Deserialize)]
struct Run {
    settings: serde_json::Value,
    losses: Vec<f64>,
}

/// Bright bars whose row tells the class, as in the other test.
fn dataset() -> Dataset {
    let mut images = vec![0; PICTURES * 784];
    let labels: Vec<u8> = (0..PICTURES).map(|index| (index * 7 % 10) as u8).collect();
    for (index, (picture, &label)) in images.chunks_exact_mut(784).zip(&labels).enumerate() {
        let start = usize::from(label) * 56 + 28 + index % 9;
        picture[start..start + 20].fill(200 + (index % 50) as u8);
    }
    mnist::dataset(images, &labels).unwrap()
}

#[test]
fn losses_are_those_on_record() {
    let runs: Vec<Run> = serde_json::from_str(include_str!("losses.json")).unwrap();
    assert!(!runs.is_empty());
    let dataset = dataset();
    for run in runs {
        let settings = TrainSettings::from_json(&run.settings.to_string()).unwrap().settings().unwrap();
        let mut trainer = Trainer::new(settings, PICTURES as u32, None, &Device::flex().autodiff()).unwrap();
        let losses: Vec<f64> = run
            .losses
            .iter()
            .map(|_| {
                let batches: Vec<_> =
                    trainer.next_batches().iter().map(|indices| dataset.batch(indices)).collect();
                trainer.step(&batches).unwrap().mean_loss()
            })
            .collect();
        for (loss, expected) in losses.iter().zip(&run.losses) {
            assert!((loss - expected).abs() <= 1e-4 * expected, "{}: {losses:?}", run.settings);
        }
    }
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let check = |json: &str| TrainSettings::from_json(json).and_then(|settings| settings.settings()).is_err();
    for json in ["{}", r#"{"shift_type":null}"#, r#"{"shift_type":"DenseShift"}"#] {
        assert!(!check(json), "{json}");
    }
    for json in [
        "",
        r#"{"optimiser":"sgd"}"#,
        r#"{"optimizer":"newton"}"#,
        r#"{"batch_size":0}"#,
        r#"{"batch_size":5000}"#,
        r#"{"epochs":0}"#,
        r#"{"learning_rate":-1}"#,
        r#"{"momentum":-0.5}"#,
        r#"{"shift_type":"R"}"#,
    ] {
        assert!(check(json), "{json}");
    }
}
