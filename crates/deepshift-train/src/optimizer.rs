//! The optimizer that settings ask for, with PyTorch's constants.

use crate::{OptimizerKind, Settings};
use burn::module::{Param, ParamGroup, ParamId};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdaGradConfig, AdamConfig, DynOptimizer, ModuleOptimizer, RmsPropConfig, SgdConfig};
use burn::tensor::Tensor;
use deepshift_burn::Network;
use deepshift_burn::network::Layer;
use deepshift_burn::optim::{AdadeltaConfig, RAdamConfig, RangerConfig};

/// Identities of the parameters that are treated apart.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShiftParameters {
    /// `shift` of type PS and `scale` of type DenseShift.
    pub exponent: Vec<ParamId>,
    pub sign: Vec<ParamId>,
    /// `shift` and `sign` of type PS, which have no weight decay.
    pub undecayed: Vec<ParamId>,
}

impl ShiftParameters {
    pub fn of(network: &Network) -> Self {
        let mut found = Self::default();
        for layer in &network.layers {
            let (shift, sign, scale) = match layer {
                Layer::ShiftConv2d(layer) => (id(&layer.shift), id(&layer.sign), id(&layer.scale)),
                Layer::ShiftLinear(layer) => (id(&layer.shift), id(&layer.sign), id(&layer.scale)),
                _ => continue,
            };
            found.exponent.extend(shift.or(scale));
            found.sign.extend(sign);
            if shift.is_some() {
                found.undecayed.extend([shift, sign].into_iter().flatten());
            }
        }
        found
    }
}

fn id<const D: usize>(param: &Option<Param<Tensor<D>>>) -> Option<ParamId> {
    param.as_ref().map(|param| param.id)
}

/// The optimizer; `shift` and `sign` of type PS get no weight decay.
pub(crate) fn build(settings: &Settings, parameters: &ShiftParameters) -> ModuleOptimizer {
    match settings.optimizer {
        OptimizerKind::Sgd => grouped(settings, parameters, |decay| sgd(settings, decay).build()),
        OptimizerKind::Adam => grouped(settings, parameters, |decay| {
            AdamConfig::new().with_epsilon(1e-8).with_weight_decay(added(decay)).build()
        }),
        OptimizerKind::RmsProp => grouped(settings, parameters, |decay| {
            RmsPropConfig::new()
                .with_momentum(settings.momentum as f32)
                .with_epsilon(1e-8)
                .with_weight_decay(added(decay))
                .build()
        }),
        OptimizerKind::Adagrad => grouped(settings, parameters, |decay| {
            AdaGradConfig::new().with_epsilon(1e-10).with_weight_decay(added(decay)).build()
        }),
        OptimizerKind::Adadelta => {
            grouped(settings, parameters, |decay| AdadeltaConfig::new().with_weight_decay(decay).build())
        }
        OptimizerKind::RAdam => {
            grouped(settings, parameters, |decay| RAdamConfig::new().with_weight_decay(decay).build())
        }
        OptimizerKind::Ranger => {
            grouped(settings, parameters, |decay| RangerConfig::new().with_weight_decay(decay).build())
        }
    }
}

fn sgd(settings: &Settings, decay: f64) -> SgdConfig {
    let momentum = MomentumConfig::new()
        .with_momentum(settings.momentum)
        .with_dampening(0.0)
        .with_nesterov(settings.nesterov);
    let momentum = (settings.momentum != 0.0).then_some(momentum);
    SgdConfig::new().with_momentum(momentum).with_weight_decay(added(decay))
}

/// Decay that is added to the gradient, as in PyTorch.
fn added(decay: f64) -> Option<WeightDecayConfig> {
    (decay != 0.0).then(|| WeightDecayConfig::new(decay as f32))
}

fn grouped<O>(settings: &Settings, parameters: &ShiftParameters, build: impl Fn(f64) -> O) -> ModuleOptimizer
where
    O: burn::optim::Optimizer + DynOptimizer,
{
    let optimizer = ModuleOptimizer::from(build(settings.weight_decay));
    if settings.weight_decay == 0.0 || parameters.undecayed.is_empty() {
        return optimizer;
    }
    optimizer.with_group(ParamGroup::from_ids(parameters.undecayed.clone()), build(0.0), None)
}
