//! Gradients of a batch whose parts are computed by several devices: work is queued on all of them before anything is read
//! back, so that those that compute in the background do so at once.

use crate::data::Batch;
use crate::loss::Target;
use crate::trainer::{Sums, check_labels, pictures, to_vec};
use crate::{Error, Settings};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, activation};
use deepshift_burn::network::Layer;
use deepshift_burn::{Mode, Network};
use std::num::NonZeroUsize;

/// The network of one step, on each of the devices.
pub(crate) struct Replicas {
    first: Replica,
    others: Vec<Replica>,
}

struct Replica {
    network: Network,
    device: Device,
}

/// One part of a batch.
struct Part<'a> {
    batch: &'a Batch,
    /// Decides what dropout and stochastic rounding draw.
    pass: u64,
    /// Of the step's loss.
    weight: f64,
}

impl Replicas {
    /// The network, which lies on the device, and copies of it on the others.
    pub fn new(network: &Network, device: &Device, others: &[Device]) -> Self {
        let copy = |device: &Device| {
            // Burn moves the running statistics of all clones at once, but leaves those of `valid` where they are.
            let network = network.valid().train().fork(device);
            Replica { network, device: device.clone() }
        };
        let first = Replica { network: network.clone(), device: device.clone() };
        Self { first, others: others.iter().map(copy).collect() }
    }

    /// Gradients, on the first device, and sums of each part of one of the step's batches, in the parts' order.
    pub fn backward(
        &self,
        settings: &Settings,
        pass: u64,
        batch: &Batch,
        batches: usize,
    ) -> Result<Vec<(GradientsParams, Sums)>, Error> {
        let weight = 1.0 / batches as f64;
        if self.others.is_empty() {
            let part = Part { batch, pass, weight };
            return Ok(vec![self.first.backward(settings, &part)?.read(batch)?]);
        }
        let devices = NonZeroUsize::MIN.saturating_add(self.others.len());
        let split = batch.split(devices);
        let mut queued = Vec::new();
        let replicas = std::iter::once(&self.first).chain(&self.others);
        for ((pass, part), replica) in (pass * devices.get() as u64..).zip(&split).zip(replicas) {
            let weight = weight * part.labels.len() as f64 / batch.labels.len() as f64;
            queued.push((part, replica.backward(settings, &Part { batch: part, pass, weight })?));
        }
        let device = self.first.device.clone().inner();
        let read = |(batch, queued): (&Batch, Queued)| {
            let (gradients, sums) = queued.read(batch)?;
            Ok((gradients.to_device(&device, &self.first.network), sums))
        };
        queued.into_iter().map(read).collect()
    }
}

/// What a device was told to compute.
struct Queued {
    gradients: GradientsParams,
    log_probabilities: Tensor<2>,
}

impl Queued {
    /// Waits for the device.
    fn read(self, batch: &Batch) -> Result<(GradientsParams, Sums), Error> {
        Ok((self.gradients, Sums::count(&to_vec(self.log_probabilities), &batch.labels)?))
    }
}

impl Replica {
    fn backward(&self, settings: &Settings, part: &Part) -> Result<Queued, Error> {
        let Part { batch, pass, weight } = *part;
        let mode = Mode::Training { seed: settings.seed, pass };
        let noisy = self.network.clone().with_noise(settings.seed, pass);
        let heads = noisy.forward_heads(pictures(batch, &self.device), mode)?;
        let heads: Vec<Tensor<2>> =
            heads.into_iter().map(|logits| activation::log_softmax(logits, 1)).collect();
        let log_probabilities = heads[0].clone().inner();
        check_labels(&batch.labels, log_probabilities.dims()[1])?;
        let mut loss = Target::new(batch, settings.label_smoothing, &self.device).loss(heads)?;
        if settings.weight_decay != 0.0 {
            for norm in self.network.layers.iter().filter_map(shift_norm) {
                loss = loss + norm.mul_scalar(0.5 * settings.weight_decay);
            }
        }
        let gradients = GradientsParams::from_grads(loss.mul_scalar(weight).backward(), &self.network);
        Ok(Queued { gradients, log_probabilities })
    }
}

/// `sum (2^shift)^2`, the original's stand-in for the weight norm of type PS.
fn shift_norm(layer: &Layer) -> Option<Tensor<1>> {
    fn norm<const D: usize>(shift: Tensor<D>) -> Tensor<1> {
        shift.mul_scalar(2.0 * std::f64::consts::LN_2).exp().sum()
    }
    match layer {
        Layer::ShiftConv2d(layer) => layer.shift.as_ref().map(|shift| norm(shift.val())),
        Layer::ShiftLinear(layer) => layer.shift.as_ref().map(|shift| norm(shift.val())),
        _ => None,
    }
}
