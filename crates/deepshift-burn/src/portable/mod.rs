//! This crate's operations made of Burn's tensor functions, for devices on which it has no kernels of its own: GPUs.

mod layers;
mod shift;
#[cfg(test)]
mod tests;

pub(crate) use layers::{channel_moments, linear, normalize};
pub(crate) use shift::{compose_weight, fixed_point, quantize_weight, sign_scale_weight};

use burn::backend::DispatchDevice;
use burn::tensor::Device;

/// Whether the operations of this crate are there for the device: Burn's CPU backend, with or without gradients.
pub(crate) fn has_kernels(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}
