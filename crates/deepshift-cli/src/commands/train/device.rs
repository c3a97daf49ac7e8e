//! What a training runs on: Burn's CPU backend, or in programs built for it a GPU.

use crate::{Error, Result};
use burn::tensor::Device;
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;

/// What computes.
#[derive(Args, Clone, Debug)]
pub struct DeviceOptions {
    /// Device that trains; GPUs need a program built with --features burn-wgpu or burn-cuda
    #[arg(long, value_enum, default_value = "cpu")]
    device: DeviceName,
    /// Which of several GPUs, counted from 0
    #[arg(long, default_value_t = 0)]
    gpu: usize,
    /// GPUs, from that one on, that share every batch; results depend on their number, and so does going on to the same bits
    #[arg(long, default_value = "1")]
    gpus: NonZeroUsize,
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
    /// The devices, with gradients, and their name.
    pub fn devices(&self) -> Result<(Vec<Device>, &'static str)> {
        let several = self.gpus.get() > 1;
        let (devices, name) = match self.device {
            DeviceName::Cpu if several => {
                return Err(Error::input(
                    "--gpus needs as many GPUs, and the CPU is one device: leave it out",
                ));
            }
            DeviceName::Cpu => (vec![Device::flex()], "cpu"),
            DeviceName::Wgpu => (self.numbered(wgpu()?, "wgpu")?, "wgpu"),
            DeviceName::Cuda => (self.numbered(cuda()?, "cuda")?, "cuda"),
            DeviceName::Auto => match self.any_gpus() {
                Err(_) if !several => (vec![Device::flex()], "cpu"),
                found => found?,
            },
        };
        Ok((devices.into_iter().map(Device::autodiff).collect(), name))
    }

    fn any_gpus(&self) -> Result<(Vec<Device>, &'static str)> {
        let cuda = cuda().and_then(|all| self.numbered(all, "cuda")).map(|devices| (devices, "cuda"));
        cuda.or_else(|_| Ok((self.numbered(wgpu()?, "wgpu")?, "wgpu")))
    }

    /// Those of all devices of a kind that were asked for.
    fn numbered(&self, all: Vec<Device>, name: &str) -> Result<Vec<Device>> {
        let (first, end) = (self.gpu, self.gpu.saturating_add(self.gpus.get()));
        match all.get(first..end) {
            Some(devices) => Ok(devices.to_vec()),
            None => Err(Error::input(format!(
                "{name} devices {first} to {} were asked for with --gpu and --gpus, and there are {}, counted from 0",
                end - 1,
                all.len()
            ))),
        }
    }
}

#[cfg(feature = "burn-wgpu")]
fn wgpu() -> Result<Vec<Device>> {
    Ok(Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec())
}

#[cfg(feature = "burn-cuda")]
fn cuda() -> Result<Vec<Device>> {
    Ok(Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec())
}

#[cfg(not(feature = "burn-wgpu"))]
fn wgpu() -> Result<Vec<Device>> {
    Err(not_built("burn-wgpu"))
}

#[cfg(not(feature = "burn-cuda"))]
fn cuda() -> Result<Vec<Device>> {
    Err(not_built("burn-cuda"))
}

#[cfg(not(all(feature = "burn-wgpu", feature = "burn-cuda")))]
fn not_built(feature: &str) -> Error {
    Error::input(format!(
        "this program was built without {feature}: use --device cpu, or build it with --features {feature}"
    ))
}
