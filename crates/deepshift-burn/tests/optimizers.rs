//! RAdam, Ranger and Adadelta, step by step: against PyTorch (`scripts/golden/optimizers.py` wrote the fixture), against the
//! formulas in f64, and continued from a saved record.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};
use deepshift_burn::optim::{AdadeltaConfig, RAdamConfig, RangerConfig};
use serde::Deserialize;

const STEPS: u32 = 20;

/// One row of the fixture.
#[derive(Deserialize)]
struct Case {
    optimizer: String,
    lr: f64,
    weight_decay: f64,
    shape: Vec<usize>,
    /// Parameter values after the step that is the key.
    after: BTreeMap<u32, Vec<f32>>,
}

/// The start value of element `index`; exact in f32, the same as in the script.
fn start(index: usize) -> f32 {
    (((index * 5) % 11) as f32 - 5.0) / 8.0
}

/// The gradient of element `index` in a step counted from 1; exact in f32, the same as in the script.
fn gradient(index: usize, step: u32) -> f32 {
    let numerator = ((step as usize * 7 + index * 13) % 17) as f32 - 8.0;
    numerator / 16.0 * 2f32.powi((index % 4) as i32 - 2)
}

fn tensor<const D: usize>(shape: [usize; D], value: impl Fn(usize) -> f32) -> Tensor<D> {
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(value).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_to_vec().expect("the tensor is f32")
}

/// The parameter after each step.
fn trace<O: Optimizer, const D: usize>(optimizer: &O, lr: f64, shape: [usize; D]) -> Vec<Vec<f32>> {
    let mut parameter = tensor(shape, start);
    let mut state = None;
    let mut trace = Vec::new();
    for step in 1..=STEPS {
        let gradient = tensor(shape, |index| gradient(index, step));
        (parameter, state) = optimizer.step(lr, parameter, gradient, state);
        trace.push(values(&parameter));
    }
    trace
}

fn trace_of_rank<O: Optimizer>(optimizer: &O, lr: f64, shape: &[usize]) -> Vec<Vec<f32>> {
    match *shape {
        [a] => trace(optimizer, lr, [a]),
        [a, b] => trace(optimizer, lr, [a, b]),
        [a, b, c, d] => trace(optimizer, lr, [a, b, c, d]),
        _ => panic!("no case has the shape {shape:?}"),
    }
}

fn trace_by_name(name: &str, lr: f64, weight_decay: f64, shape: &[usize]) -> Vec<Vec<f32>> {
    match name {
        "radam" => trace_of_rank(&RAdamConfig::new().with_weight_decay(weight_decay).build(), lr, shape),
        "ranger" => trace_of_rank(&RangerConfig::new().with_weight_decay(weight_decay).build(), lr, shape),
        "adadelta" => {
            trace_of_rank(&AdadeltaConfig::new().with_weight_decay(weight_decay).build(), lr, shape)
        }
        _ => panic!("no optimizer is called {name}"),
    }
}

fn assert_close(actual: f32, expected: f64, what: &str) {
    let difference = (f64::from(actual) - expected).abs();
    assert!(difference <= 2e-6 * expected.abs().max(0.1), "{what}: {actual} is not {expected}");
}

#[test]
fn steps_equal_pytorch() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("data/optimizers.json")).unwrap();
    assert_eq!(cases.len(), 18);
    for case in &cases {
        let trace = trace_by_name(&case.optimizer, case.lr, case.weight_decay, &case.shape);
        for (&step, expected) in &case.after {
            let actual = &trace[step as usize - 1];
            assert_eq!(actual.len(), expected.len());
            for (index, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
                let what = format!("{} {:?} step {step} element {index}", case.optimizer, case.shape);
                assert_close(actual, f64::from(expected), &what);
            }
        }
    }
}

/// One element of a parameter under RAdam or Ranger, in f64, written from the published code.
struct ScalarRectified {
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
    lookahead: bool,
    mean: f64,
    square: f64,
    slow: f64,
}

impl ScalarRectified {
    fn radam() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            lookahead: false,
            mean: 0.0,
            square: 0.0,
            slow: 0.0,
        }
    }

    fn ranger(start: f64) -> Self {
        Self { beta_1: 0.95, epsilon: 1e-5, lookahead: true, slow: start, ..Self::radam() }
    }

    fn step(&mut self, w: f64, gradient: f64, step: u32, lr: f64, weight_decay: f64) -> f64 {
        let t = f64::from(step);
        self.square = self.beta_2 * self.square + (1.0 - self.beta_2) * gradient * gradient;
        self.mean = self.beta_1 * self.mean + (1.0 - self.beta_1) * gradient;
        let mut w = w - lr * weight_decay * w;
        let n_max = 2.0 / (1.0 - self.beta_2) - 1.0;
        let n = n_max - 2.0 * t * self.beta_2.powf(t) / (1.0 - self.beta_2.powf(t));
        let corrected = self.mean / (1.0 - self.beta_1.powf(t));
        if n >= 5.0 {
            let ratio = (n - 4.0) / (n_max - 4.0) * (n - 2.0) / n * n_max / (n_max - 2.0);
            let factor = ((1.0 - self.beta_2.powf(t)) * ratio).sqrt();
            w -= lr * factor * corrected / (self.square.sqrt() + self.epsilon);
        } else {
            w -= lr * corrected;
        }
        if self.lookahead && step.is_multiple_of(6) {
            self.slow += 0.5 * (w - self.slow);
            w = self.slow;
        }
        w
    }
}

/// One element of a parameter under Adadelta, in f64, written from the paper.
#[derive(Default)]
struct ScalarAdadelta {
    square: f64,
    squared_step: f64,
}

impl ScalarAdadelta {
    fn step(&mut self, w: f64, gradient: f64, lr: f64, weight_decay: f64) -> f64 {
        let gradient = gradient + weight_decay * w;
        self.square = 0.9 * self.square + 0.1 * gradient * gradient;
        let step = (self.squared_step + 1e-6).sqrt() / (self.square + 1e-6).sqrt() * gradient;
        self.squared_step = 0.9 * self.squared_step + 0.1 * step * step;
        w - lr * step
    }
}

/// Follows every element of every shape through all steps beside `scalar`, which makes a stepper for a start value.
fn assert_follows<S: FnMut(f64, f64, u32) -> f64>(
    name: &str,
    lr: f64,
    weight_decay: f64,
    scalar: impl Fn(f64) -> S,
) {
    for shape in [&[5][..], &[2, 3], &[2, 1, 2, 2]] {
        let trace = trace_by_name(name, lr, weight_decay, shape);
        for index in 0..trace[0].len() {
            let mut expected = f64::from(start(index));
            let mut stepper = scalar(expected);
            for (step, after) in (1..).zip(&trace) {
                expected = stepper(expected, f64::from(gradient(index, step)), step);
                let what = format!("{name} {shape:?} step {step} element {index}");
                assert_close(after[index], expected, &what);
            }
        }
    }
}

#[test]
fn steps_equal_the_formulas() {
    for weight_decay in [0.0, 0.02] {
        assert_follows("radam", 0.01, weight_decay, |_| {
            let mut scalar = ScalarRectified::radam();
            move |w, gradient, step| scalar.step(w, gradient, step, 0.01, weight_decay)
        });
        assert_follows("ranger", 0.01, weight_decay, |start| {
            let mut scalar = ScalarRectified::ranger(start);
            move |w, gradient, step| scalar.step(w, gradient, step, 0.01, weight_decay)
        });
        assert_follows("adadelta", 0.5, weight_decay, |_| {
            let mut scalar = ScalarAdadelta::default();
            move |w, gradient, _| scalar.step(w, gradient, 0.5, weight_decay)
        });
    }
}

/// Parameters of three ranks.
#[derive(Module, Debug)]
struct Parameters {
    vector: Param<Tensor<1>>,
    matrix: Param<Tensor<2>>,
    filter: Param<Tensor<4>>,
}

impl Parameters {
    fn new() -> Self {
        let device = Device::flex().autodiff();
        Self {
            vector: Param::from_tensor(Tensor::from_data(tensor([5], start).to_data(), &device)),
            matrix: Param::from_tensor(Tensor::from_data(tensor([2, 3], start).to_data(), &device)),
            filter: Param::from_tensor(Tensor::from_data(tensor([2, 1, 2, 2], start).to_data(), &device)),
        }
    }

    /// Gradients of a loss that depends on the parameters and on the step.
    fn gradients(&self, step: u32) -> GradientsParams {
        let factor = gradient(3, step);
        let loss = (self.vector.val() + factor).powi_scalar(2).sum()
            + (self.matrix.val() * factor + 0.3).powi_scalar(4).sum()
            + (self.filter.val() - factor).powi_scalar(2).sum();
        GradientsParams::from_grads(loss.backward(), self)
    }

    fn bits(&self) -> Vec<u32> {
        [values(&self.vector.val()), values(&self.matrix.val()), values(&self.filter.val())]
            .iter()
            .flatten()
            .map(|value| value.to_bits())
            .collect()
    }
}

/// The state goes through a record after `saved_after` steps; both optimizers then continue side by side.
fn assert_continues(create: impl Fn() -> ModuleOptimizer, saved_after: u32) {
    let mut optimizer = create();
    let mut parameters = Parameters::new();
    for step in 1..=saved_after {
        let gradients = parameters.gradients(step);
        parameters = optimizer.step(0.05, parameters, gradients);
    }
    let record = optimizer.into_bytes().unwrap();
    let mut restored_optimizer = create().from_bytes(record).unwrap();
    let mut restored = parameters.clone();
    for step in saved_after + 1..=STEPS {
        let gradients = parameters.gradients(step);
        parameters = optimizer.step(0.05, parameters, gradients);
        let gradients = restored.gradients(step);
        restored = restored_optimizer.step(0.05, restored, gradients);
        assert_eq!(parameters.bits(), restored.bits(), "step {step} after {saved_after}");
    }
    assert_ne!(parameters.bits(), Parameters::new().bits());
}

#[test]
fn a_restored_state_continues_bit_identically() {
    for saved_after in [1, 3, 5, 6, 8] {
        assert_continues(|| RAdamConfig::new().with_weight_decay(0.01).init(), saved_after);
        assert_continues(|| RangerConfig::new().with_weight_decay(0.01).init(), saved_after);
        assert_continues(|| AdadeltaConfig::new().with_weight_decay(0.01).init(), saved_after);
    }
}
