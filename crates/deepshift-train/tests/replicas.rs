//! A batch whose parts are computed by two devices trains as two batches whose gradients are accumulated.

use burn::tensor::Device;
use deepshift_burn::StateDict;
use deepshift_burn::shift::{Rounding, ShiftType};
use deepshift_train::data::{Augmentation, Batch};
use deepshift_train::{OptimizerKind, Schedule, Settings, ShiftSettings, Trainer};
use std::num::NonZeroUsize;

fn settings(batch_multiplier: usize) -> Settings {
    Settings {
        architecture: "resnet20".into(),
        shift: Some(ShiftSettings {
            shift_type: ShiftType::PS,
            weight_bits: 4,
            shift_depth: 1000,
            activation_bits: [16, 16],
            convert_all_linear: true,
            rounding: Rounding::Stochastic,
            freeze_sign: false,
        }),
        optimizer: OptimizerKind::Sgd,
        learning_rate: 0.05,
        learning_rate_sign: None,
        momentum: 0.9,
        weight_decay: 1e-4,
        schedule: Schedule::CONSTANT,
        epochs: 1,
        batch_size: NonZeroUsize::new(6).unwrap(),
        batch_multiplier: NonZeroUsize::new(batch_multiplier).unwrap(),
        seed: 5,
        nesterov: false,
        augmentation: Augmentation::default(),
        label_smoothing: 0.1,
        average_decay: None,
        random_shifts: false,
        alternate_update: false,
    }
}

fn batch() -> Batch {
    let values =
        (0..6 * 3072u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 16) as f32 / 32768.0 - 1.0);
    Batch { images: values.collect(), labels: vec![3, 1, 4, 1, 5, 9], shape: [6, 3, 32, 32], mix: None }
}

fn trainer(batch_multiplier: usize) -> Trainer {
    Trainer::new(settings(batch_multiplier), 60, None, &Device::flex().autodiff()).unwrap()
}

fn parts_of(trainer: &Trainer, is_statistic: bool) -> StateDict {
    let state = trainer.network().state();
    state.into_iter().filter(|(name, _)| name.contains("running_") == is_statistic).collect()
}

#[test]
fn two_devices_add_up_their_gradients() {
    let batch = batch();
    let halves = batch.split(NonZeroUsize::new(2).unwrap());
    let mut shared = trainer(1);
    shared.share_with(vec![Device::flex().autodiff()]);
    let mut accumulated = trainer(2);
    let mut first_half = trainer(1);
    for step in 0..3 {
        let sums = shared.step(std::slice::from_ref(&batch)).unwrap();
        assert!(sums == accumulated.step(&halves).unwrap(), "step {step}");
        assert!(parts_of(&shared, false) == parts_of(&accumulated, false), "step {step}");
        if step == 0 {
            first_half.step(&halves[..1]).unwrap();
            assert!(parts_of(&shared, true) == parts_of(&first_half, true));
            assert!(parts_of(&shared, true) != parts_of(&accumulated, true));
        }
    }
}

/// Five pictures on two devices: the larger part counts more. Nothing in this network depends on the other pictures.
#[test]
fn parts_count_by_their_pictures() {
    let mut random = batch().images.into_iter().cycle();
    let images = random.by_ref().take(5 * 784).collect();
    let batch = Batch { images, labels: vec![3, 1, 4, 1, 5], shape: [5, 1, 28, 28], mix: None };
    let after_one_step = |others: usize| {
        let settings = Settings { architecture: "simple_conv".into(), shift: None, ..settings(1) };
        let mut trainer = Trainer::new(settings, 60, None, &Device::flex().autodiff()).unwrap();
        trainer.share_with(vec![Device::flex().autodiff(); others]);
        trainer.step(std::slice::from_ref(&batch)).unwrap();
        trainer.network().state()
    };
    let (alone, shared) = (after_one_step(0), after_one_step(1));
    for (name, tensor) in &alone {
        for (left, right) in tensor.values.iter().zip(&shared[name].values) {
            assert!((left - right).abs() < 1e-6, "{name}: {left} {right}");
        }
    }
}

#[test]
fn devices_without_a_picture_rest() {
    let batch = batch().split(NonZeroUsize::new(3).unwrap()).remove(0);
    let (mut many, mut two) = (trainer(1), trainer(1));
    many.share_with(vec![Device::flex().autodiff(); 4]);
    two.share_with(vec![Device::flex().autodiff()]);
    let counted =
        [&mut many, &mut two].map(|trainer| trainer.step(std::slice::from_ref(&batch)).unwrap().pictures);
    assert_eq!(counted, [2.0, 2.0]);
}

#[test]
fn a_label_that_the_network_has_not_is_an_error() {
    let wrong = Batch { labels: vec![3, 1, 4, 1, 5, 10], ..batch() };
    let mut trainer = trainer(1);
    let error = trainer.step(std::slice::from_ref(&wrong)).unwrap_err().to_string();
    assert!(error.contains("label 10 for a network of 10 classes"), "{error}");
}
