//! A run that stops anywhere and goes on from its checkpoint ends with the same bits as one that never stopped.

use burn::tensor::Device;
use deepshift_burn::StateDict;
use deepshift_burn::shift::{Rounding, ShiftType};
use deepshift_core::Preprocessing;
use deepshift_train::data::{Augmentation, Dataset};
use deepshift_train::{
    Decay, OptimizerKind, Schedule, Settings, ShiftSettings, Sums, Trainer, WarmUp, evaluate,
};
use std::num::{NonZeroU32, NonZeroUsize};

const PICTURES: u32 = 50;

fn device() -> Device {
    Device::flex().autodiff()
}

/// Bright bars whose row tells the class.
fn dataset() -> Dataset {
    let mut images = vec![0; PICTURES as usize * 784];
    let labels: Vec<u16> = (0..PICTURES as u16).map(|index| index * 7 % 10).collect();
    for (index, (picture, &label)) in images.chunks_mut(784).zip(&labels).enumerate() {
        let start = usize::from(label) * 56 + 28 + index % 9;
        picture[start..start + 20].fill(200 + index as u8);
    }
    let classes = (0..10).map(|digit| digit.to_string()).collect();
    let preprocessing = Preprocessing::new(vec![0.1307], vec![0.3081]);
    Dataset::new(images, labels, [1, 28, 28], classes, preprocessing).unwrap()
}

fn settings(architecture: &str, shift_type: Option<ShiftType>, optimizer: OptimizerKind) -> Settings {
    let size = |size| NonZeroUsize::new(size).unwrap();
    Settings {
        architecture: architecture.into(),
        shift: shift_type.map(|shift_type| ShiftSettings {
            shift_type,
            weight_bits: 4,
            shift_depth: 1000,
            activation_bits: [16, 16],
            convert_all_linear: true,
            rounding: match shift_type {
                ShiftType::DenseShift => Rounding::Deterministic,
                ShiftType::Q | ShiftType::PS => Rounding::Stochastic,
            },
            freeze_sign: false,
        }),
        optimizer,
        learning_rate: 0.01,
        learning_rate_sign: None,
        momentum: 0.9,
        weight_decay: 1e-4,
        schedule: Schedule {
            decay: Decay::Cosine { epochs: NonZeroU32::new(2).unwrap() },
            warm_up: WarmUp::None,
        },
        epochs: 2,
        batch_size: size(8),
        batch_multiplier: size(1),
        seed: 5,
        nesterov: false,
        augmentation: Augmentation::default(),
        label_smoothing: 0.0,
        average_decay: None,
        random_shifts: false,
        alternate_update: false,
    }
}

fn step(trainer: &mut Trainer, dataset: &Dataset) {
    let batches: Vec<_> = trainer.next_batches().iter().map(|indices| dataset.batch(indices)).collect();
    trainer.step(&batches).unwrap();
    if trainer.epoch_is_complete() {
        let test = evaluate(&trainer.evaluated(), &dataset.batch(&[0, 1, 2]), &Device::flex()).unwrap();
        trainer.finish_epoch(&test, 0.0, 0.0);
    }
}

/// Runs to the end; where `stop` says so, through a checkpoint.
fn run(settings: &Settings, dataset: &Dataset, stop: impl Fn(u64) -> bool) -> (StateDict, Trainer) {
    let mut trainer = Trainer::new(settings.clone(), PICTURES, None, &device()).unwrap();
    while !trainer.is_finished() {
        if stop(trainer.position().step) {
            let bytes = trainer.to_checkpoint().unwrap();
            trainer = Trainer::from_checkpoint(&bytes, PICTURES, &device()).unwrap();
        }
        step(&mut trainer, dataset);
    }
    (trainer.network().state(), trainer)
}

fn check(settings: &Settings) {
    let dataset = dataset();
    let (expected, whole) = run(settings, &dataset, |_| false);
    for every in [1, 3] {
        let (resumed, trainer) = run(settings, &dataset, |step| step % every == every - 1);
        assert!(resumed == expected, "{settings:?}, stopped every {every} steps");
        assert_eq!(trainer.history(), whole.history());
        assert_eq!(trainer.position(), whole.position());
        assert_eq!(trainer.settings(), settings);
    }
}

#[test]
fn every_optimizer_goes_on_bit_by_bit() {
    use OptimizerKind::*;
    for (optimizer, shift_type) in [
        (Sgd, Some(ShiftType::Q)),
        (Adadelta, Some(ShiftType::PS)),
        (Adagrad, None),
        (Adam, Some(ShiftType::PS)),
        (RmsProp, Some(ShiftType::Q)),
        (RAdam, Some(ShiftType::PS)),
        (Ranger, Some(ShiftType::PS)),
        (Sgd, Some(ShiftType::DenseShift)),
        (Adam, Some(ShiftType::DenseShift)),
        (Ranger, Some(ShiftType::DenseShift)),
    ] {
        check(&settings("simple_linear", shift_type, optimizer));
    }
}

#[test]
fn convolutions_and_accumulated_gradients_too() {
    let multiplier = NonZeroUsize::new(2).unwrap();
    let with_signs = Settings {
        batch_multiplier: multiplier,
        learning_rate_sign: Some(0.003),
        ..settings("simple_conv", Some(ShiftType::PS), OptimizerKind::RAdam)
    };
    check(&with_signs);
    check(&Settings { batch_multiplier: multiplier, ..settings("simple_conv", None, OptimizerKind::Sgd) });
    let averaged = Settings {
        nesterov: true,
        label_smoothing: 0.1,
        average_decay: Some(0.9),
        ..settings("simple_conv", Some(ShiftType::Q), OptimizerKind::Sgd)
    };
    check(&averaged);
    let alternating = settings("simple_linear", Some(ShiftType::PS), OptimizerKind::RAdam);
    check(&Settings { alternate_update: true, ..alternating });
}

/// One step with the same batch twice is a step with it once, unless dropout or stochastic rounding draw between.
#[test]
fn every_forward_pass_draws_for_itself() {
    let dataset = dataset();
    let after_one_step = |settings: &Settings, multiplier: usize| {
        let batch_multiplier = NonZeroUsize::new(multiplier).unwrap();
        let settings = Settings { batch_multiplier, ..settings.clone() };
        let mut trainer = Trainer::new(settings, PICTURES, None, &device()).unwrap();
        trainer.step(&vec![dataset.batch(&[3, 1, 4, 1, 5]); multiplier]).unwrap();
        trainer.network().state()
    };
    let draws = |settings: Settings| after_one_step(&settings, 2) != after_one_step(&settings, 1);
    assert!(!draws(settings("simple_conv", None, OptimizerKind::Sgd)));
    assert!(draws(settings("simple_linear", None, OptimizerKind::Sgd)));
    assert!(draws(settings("simple_conv", Some(ShiftType::Q), OptimizerKind::Sgd)));
}

#[test]
fn a_rate_of_zero_freezes_the_signs() {
    for (shift_type, other) in [(ShiftType::PS, "fc2.shift"), (ShiftType::DenseShift, "fc2.scale")] {
        let settings = Settings {
            learning_rate_sign: Some(0.0),
            ..settings("simple_linear", Some(shift_type), OptimizerKind::Adam)
        };
        let before = Trainer::new(settings.clone(), PICTURES, None, &device()).unwrap().network().state();
        let (after, _) = run(&settings, &dataset(), |_| false);
        assert!(before["fc2.sign"] == after["fc2.sign"]);
        assert!(before[other] != after[other]);
    }
}

#[test]
fn signs_may_learn_alone() {
    for (shift_type, other) in [(ShiftType::PS, "fc2.shift"), (ShiftType::DenseShift, "fc2.scale")] {
        let settings = Settings {
            learning_rate: 0.0,
            learning_rate_sign: Some(0.003),
            ..settings("simple_linear", Some(shift_type), OptimizerKind::Adam)
        };
        let before = Trainer::new(settings.clone(), PICTURES, None, &device()).unwrap().network().state();
        let (after, _) = run(&settings, &dataset(), |_| false);
        assert!(before["fc2.sign"] != after["fc2.sign"]);
        assert!(before[other] == after[other]);
    }
}

#[test]
fn signs_and_shifts_take_turns() {
    for (shift_type, exponent) in [(ShiftType::PS, "fc2.shift"), (ShiftType::DenseShift, "fc2.scale")] {
        let settings = Settings {
            alternate_update: true,
            ..settings("simple_linear", Some(shift_type), OptimizerKind::RAdam)
        };
        let after = |epochs| run(&Settings { epochs, ..settings.clone() }, &dataset(), |_| false).0;
        let states: Vec<StateDict> = [0, 1, 2].map(after).into();
        let changes = |name: &str| [0, 1].map(|epoch| states[epoch][name] != states[epoch + 1][name]);
        assert_eq!(changes("fc2.sign"), [true, false]);
        assert_eq!(changes(exponent), [false, true]);
        assert_eq!(changes("fc2.bias"), [true, true]);
    }
}

#[test]
fn weight_decay_leaves_signs_alone_and_pulls_shifts_down() {
    let mean = |weight_decay: f64, parameter: &str| {
        let settings =
            Settings { weight_decay, ..settings("simple_linear", Some(ShiftType::PS), OptimizerKind::Sgd) };
        let state = run(&settings, &dataset(), |_| false).0;
        let values = &state[parameter].values;
        values.iter().map(|&x| f64::from(x).abs()).sum::<f64>() / values.len() as f64
    };
    assert!(mean(0.1, "fc3.shift") > mean(0.0, "fc3.shift"), "smaller weights have larger |shift|");
    assert!((mean(0.1, "fc2.sign") / mean(0.0, "fc2.sign") - 1.0).abs() < 0.01);
}

#[test]
fn weight_decay_pulls_on_sign_and_scale() {
    let mean = |weight_decay: f64, parameter: &str| {
        let settings = Settings {
            weight_decay,
            ..settings("simple_linear", Some(ShiftType::DenseShift), OptimizerKind::Sgd)
        };
        let values = run(&settings, &dataset(), |_| false).0[parameter].values.clone();
        values.iter().map(|&x| f64::from(x).abs()).sum::<f64>() / values.len() as f64
    };
    for parameter in ["fc1.sign", "fc1.scale"] {
        assert!(mean(1.0, parameter) < 0.99 * mean(0.0, parameter), "{parameter}");
    }
}

#[test]
fn training_learns() {
    use OptimizerKind::{Adam, Sgd};
    for (shift_type, optimizer, learning_rate) in
        [(ShiftType::Q, Sgd, 0.01), (ShiftType::DenseShift, Adam, 0.001)]
    {
        let settings = Settings {
            epochs: 12,
            learning_rate,
            // Once the loss is nothing, Adam follows the decay alone, until signs flip.
            weight_decay: 0.0,
            schedule: Schedule::CONSTANT,
            ..settings("simple_linear", Some(shift_type), optimizer)
        };
        let dataset = dataset();
        let (_, trainer) = run(&settings, &dataset, |_| false);
        let all: Vec<u32> = (0..PICTURES).collect();
        let result: Sums = evaluate(&trainer.evaluated(), &dataset.batch(&all), &Device::flex()).unwrap();
        assert!(result.top1_percent() > 90.0, "{shift_type:?}: {result:?} after {:?}", trainer.history());
    }
}

#[test]
fn a_checkpoint_with_a_flipped_bit_never_goes_on_as_another_run() {
    let settings = settings("simple_linear", Some(ShiftType::PS), OptimizerKind::RAdam);
    let mut trainer = Trainer::new(settings, PICTURES, None, &device()).unwrap();
    step(&mut trainer, &dataset());
    let bytes = trainer.to_checkpoint().unwrap();
    for flip in 0..60 {
        // Header and beginning densely, the rest sparsely.
        let place = if flip < 30 { flip * 97 } else { bytes.len() / 60 * flip };
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (flip % 8);
        if let Ok(other) = Trainer::from_checkpoint(&flipped, PICTURES, &device()) {
            assert!(other.to_checkpoint().unwrap() == bytes, "byte {place}");
        }
    }
    assert!(Trainer::from_checkpoint(&bytes, PICTURES + 1, &device()).is_err());
}

#[test]
fn a_damaged_checkpoint_is_an_error() {
    let settings = settings("simple_linear", None, OptimizerKind::Adam);
    let mut trainer = Trainer::new(settings, PICTURES, None, &device()).unwrap();
    step(&mut trainer, &dataset());
    let bytes = trainer.to_checkpoint().unwrap();
    for cut in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        let error = Trainer::from_checkpoint(&bytes[..cut], PICTURES, &device()).err().unwrap();
        assert!(error.to_string().starts_with("the checkpoint cannot be used"), "{error}");
    }
}
