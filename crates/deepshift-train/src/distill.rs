//! Trains a converted network towards the float network's answers to unlabelled pictures.
//!
//! Any code of a weight can be trained so, also one with two terms or channel exponents: real weights are rounded to what
//! the code can say before every step, and take the gradient of the rounded ones (the straight-through estimator of
//! Bengio et al. 2013). BatchNorm keeps the statistics that the conversion gave it.

use crate::data::{Augmentation, Source, TrainingEpoch};
use crate::trainer::pictures;
use crate::{Decay, Error, Schedule, WarmUp, model_weights};
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use deepshift_burn::network::Layer;
use deepshift_burn::{Mode, Network, StateDict, TrainingOptions};
use deepshift_core::graph::{Graph, Op, WeightKind};
use deepshift_core::{FloatTensor, Model, ShiftWeight, Tensor as ModelTensor};
use std::num::{NonZeroU32, NonZeroUsize};

const BATCH_SIZE: NonZeroUsize = NonZeroUsize::new(25).unwrap();
/// Of Adam, at the start; it falls to 0 as half a cosine. Weights are in units of their channel's exponent.
const LEARNING_RATE: f64 = 1e-3;
const SEED: u64 = 1;

/// A distillation between two steps. The same pictures give the same network.
pub struct Distillation<'a> {
    converted: &'a Model,
    pictures: &'a dyn Source,
    epochs: NonZeroU32,
    /// Steps of an epoch.
    batches: usize,
    step: usize,
    teacher: Network,
    /// Its weights are real ones, those of shift layers in units of their channel's exponent.
    student: Network,
    optimizer: ModuleOptimizer,
    device: Device,
}

impl<'a> Distillation<'a> {
    /// Of a network that was converted from `float`, over some epochs of the pictures and their mirror images.
    ///
    /// # Errors
    /// Models that do not fit together, and no pictures at all.
    pub fn new(
        float: &Model,
        converted: &'a Model,
        pictures: &'a dyn Source,
        epochs: NonZeroU32,
    ) -> Result<Self, Error> {
        if pictures.is_empty() {
            return Err(Error::Settings("there are no pictures to distill with".into()));
        }
        let device = Device::flex().autodiff();
        let network = |graph: &Graph, state: &StateDict, device: &Device| {
            Network::from_state(graph, state, TrainingOptions::default(), device)
        };
        let teacher = network(&float.graph, &model_weights(float), &device.clone().inner())?;
        let mut state = model_weights(converted);
        scale(converted, &mut state, |exponent| -exponent);
        let student = network(&float_graph(&converted.graph), &state, &device)?;
        let optimizer = ModuleOptimizer::from(AdamConfig::new().with_epsilon(1e-8).build());
        let batches = (pictures.len() as usize).div_ceil(BATCH_SIZE.get());
        Ok(Self { converted, pictures, epochs, batches, step: 0, teacher, student, optimizer, device })
    }

    /// Steps of the whole distillation.
    pub fn steps(&self) -> usize {
        self.epochs.get() as usize * self.batches
    }

    /// The epoch of the next step, and its place in it.
    fn place(&self) -> (u32, usize) {
        ((self.step / self.batches) as u32, self.step % self.batches)
    }

    /// Takes one step. Returns the mean squared error of the logits, in variances of the float network's.
    ///
    /// # Errors
    /// Pictures none of which can be read, and an error that is no number.
    pub fn step(&mut self) -> Result<f64, Error> {
        let (epoch, place) = self.place();
        let augmentation = Augmentation { flip: true, ..Augmentation::default() };
        let epoch = TrainingEpoch::new(self.pictures.len(), BATCH_SIZE, SEED, epoch, augmentation);
        let batch = epoch.batch(self.pictures, place)?;
        let inner = self.device.clone().inner();
        let wanted = self.teacher.forward(pictures(&batch, &inner), Mode::Evaluation)?;
        let variance = wanted.clone().sub(wanted.clone().mean_dim(0)).square().mean().into_scalar::<f32>();
        let rounded = frozen_norms(Network::from_state(
            self.student.graph(),
            &self.rounded()?,
            TrainingOptions::default(),
            &self.device,
        )?);
        let logits = rounded.forward(pictures(&batch, &self.device), Mode::Evaluation)?;
        let error =
            (logits - Tensor::from_inner(wanted)).square().mean().div_scalar(variance.max(f32::MIN_POSITIVE));
        let value = f64::from(error.clone().inner().into_scalar::<f32>());
        if !value.is_finite() {
            return Err(Error::Settings(format!(
                "the error of the logits became {value} in step {}",
                self.step
            )));
        }
        let gradients = GradientsParams::from_grads(error.backward(), &rounded);
        let rates = ModuleLrScheduler::new(self.learning_rate()).step();
        self.student = self.optimizer.step(rates, self.student.clone(), gradients);
        self.step += 1;
        Ok(value)
    }

    fn learning_rate(&self) -> f64 {
        let schedule = Schedule { decay: Decay::Cosine { epochs: self.epochs }, warm_up: WarmUp::None };
        let (epoch, place) = self.place();
        schedule.rate(LEARNING_RATE, epoch, (place + 1) as f64 / self.batches as f64)
    }

    /// The student's parameters with the weights of shift layers as their codes can say them.
    fn rounded(&self) -> Result<StateDict, Error> {
        let mut state = self.student.state();
        scale(self.converted, &mut state, |exponent| exponent);
        for (name, weight) in shift_weights(self.converted) {
            if let Some(tensor) = state.get_mut(name) {
                tensor.values = weight.with_values(&tensor.values)?.values();
            }
        }
        Ok(state)
    }

    /// The converted network with what was learned.
    ///
    /// # Errors
    /// Parameters that do not fit the model.
    pub fn finish(self) -> Result<Model, Error> {
        let mut model = self.converted.clone();
        for (name, FloatTensor { shape, values }) in self.rounded()? {
            let tensor = match model.tensors.get(&name) {
                Some(ModelTensor::Shift(weight)) => ModelTensor::Shift(weight.with_values(&values)?),
                _ => ModelTensor::Float(FloatTensor { shape, values }),
            };
            model.tensors.insert(name, tensor);
        }
        model.check()?;
        Ok(model)
    }
}

/// The same network with real weights everywhere.
fn float_graph(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    for node in &mut graph.nodes {
        match &mut node.op {
            Op::Conv2d(conv) => conv.weight = WeightKind::Float,
            Op::Linear(linear) => linear.weight = WeightKind::Float,
            _ => {}
        }
    }
    graph
}

fn shift_weights(model: &Model) -> impl Iterator<Item = (&String, &ShiftWeight)> {
    model.tensors.iter().filter_map(|(name, tensor)| match tensor {
        ModelTensor::Shift(weight) => Some((name, weight)),
        ModelTensor::Float(_) => None,
    })
}

/// Multiplies the weights of each channel of shift layers by two to the power of what its exponent becomes.
fn scale(model: &Model, state: &mut StateDict, power: impl Fn(i32) -> i32) {
    for (name, weight) in shift_weights(model) {
        let Some(tensor) = state.get_mut(name) else { continue };
        for (channel, values) in tensor.values.chunks_mut(weight.fan_in().max(1)).enumerate() {
            let factor = deepshift_core::round::exp2(power(weight.exponent(channel)));
            values.iter_mut().for_each(|value| *value *= factor);
        }
    }
}

fn frozen_norms(mut network: Network) -> Network {
    for layer in &mut network.layers {
        if let Layer::BatchNorm(norm) = layer {
            norm.training = norm.training.clone().with_value(false);
        }
    }
    network
}
