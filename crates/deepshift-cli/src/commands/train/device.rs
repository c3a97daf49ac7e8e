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
        let found = match self.device {
            DeviceName::Cpu => None,
            DeviceName::Wgpu => Some((self.numbered(wgpu()?, "wgpu")?, "wgpu")),
            DeviceName::Cuda => Some((self.numbered(cuda()?, "cuda")?, "cuda")),
            DeviceName::Auto => {
                let cuda = cuda().and_then(|all| self.numbered(all, "cuda")).map(|devices| (devices, "cuda"));
                let or_wgpu =
                    || wgpu().and_then(|all| self.numbered(all, "wgpu")).map(|devices| (devices, "wgpu"));
                cuda.or_else(|_| or_wgpu()).ok()
            }
        };
        let (devices, name) = match found {
            Some(found) => found,
            None if self.gpus.get() == 1 => (vec![Device::flex()], "cpu"),
            None => {
                return Err(Error::input(
                    "--gpus needs as many GPUs, and the CPU is one device: leave it out",
                ));
            }
        };
        Ok((devices.into_iter().map(Device::autodiff).collect(), name))
    }

    /// Those of all devices of a kind that were asked for.
    fn numbered(&self, all: Vec<Device>, name: &str) -> Result<Vec<Device>> {
        let (first, count) = (self.gpu, self.gpus.get());
        match all.get(first..first.saturating_add(count)) {
            Some(devices) => Ok(devices.to_vec()),
            None => Err(Error::input(format!(
                "--gpus {count} from number {first} on is more than there are of {name}, {}: use --device cpu",
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
