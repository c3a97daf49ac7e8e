//! What a training runs on: Burn's CPU backend, or in programs built for it a GPU.

use crate::{Error, Result};
use burn::tensor::Device;
use clap::{Args, ValueEnum};

/// What computes.
#[derive(Args, Clone, Debug)]
pub struct DeviceOptions {
    /// Device that trains; GPUs need a program built with --features burn-wgpu or burn-cuda
    #[arg(long, value_enum, default_value = "cpu")]
    device: DeviceName,
    /// Which of several GPUs, counted from 0
    #[arg(long, default_value_t = 0)]
    gpu: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DeviceName {
    Cpu,
    /// Vulkan, Metal or DirectX
    Wgpu,
    Cuda,
    /// The first of cuda, wgpu and cpu that is there
    Auto,
}

impl DeviceOptions {
    /// The device, with gradients, and its name.
    pub fn device(&self) -> Result<(Device, &'static str)> {
        let found = match self.device {
            DeviceName::Cpu => Some((Device::flex(), "cpu")),
            DeviceName::Wgpu => Some((wgpu(self.gpu)?, "wgpu")),
            DeviceName::Cuda => Some((cuda(self.gpu)?, "cuda")),
            DeviceName::Auto => {
                let cuda = cuda(self.gpu).ok().map(|device| (device, "cuda"));
                cuda.or_else(|| wgpu(self.gpu).ok().map(|device| (device, "wgpu")))
            }
        };
        let (device, name) = found.unwrap_or_else(|| (Device::flex(), "cpu"));
        Ok((device.autodiff(), name))
    }
}

#[cfg(feature = "burn-wgpu")]
fn wgpu(index: usize) -> Result<Device> {
    nth(Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec(), index, "wgpu")
}

#[cfg(feature = "burn-cuda")]
fn cuda(index: usize) -> Result<Device> {
    nth(Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec(), index, "cuda")
}

#[cfg(any(feature = "burn-wgpu", feature = "burn-cuda"))]
fn nth(devices: Vec<Device>, index: usize, name: &str) -> Result<Device> {
    let count = devices.len();
    devices.into_iter().nth(index).ok_or_else(|| {
        Error::input(format!(
            "there are {count} devices of {name}, and none with number {index}: use --device cpu"
        ))
    })
}

#[cfg(not(feature = "burn-wgpu"))]
fn wgpu(_: usize) -> Result<Device> {
    Err(not_built("burn-wgpu"))
}

#[cfg(not(feature = "burn-cuda"))]
fn cuda(_: usize) -> Result<Device> {
    Err(not_built("burn-cuda"))
}

#[cfg(not(all(feature = "burn-wgpu", feature = "burn-cuda")))]
fn not_built(feature: &str) -> Error {
    Error::input(format!(
        "this program was built without {feature}: use --device cpu, or build it with --features {feature}"
    ))
}
