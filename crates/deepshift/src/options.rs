//! What a caller may choose.

use crate::{Error, Kernel, Mode, Model, Result};
use std::fmt;
use std::str::FromStr;

/// How a model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Where; by default where it is fastest.
    pub device: Device,
    /// Float or integer arithmetic; by default integer where the file has it.
    pub mode: Option<Mode>,
    /// How layers multiply by powers of two.
    pub kernel: Kernel,
    /// Threads of the CPU; by default rayon's global pool.
    pub threads: Option<usize>,
    /// Steps that a picture may take ([`Model::work`]), so that a stranger's file cannot keep a program busy for years; by
    /// default [`Model::WORK_LIMIT`]. `u64::MAX` allows everything.
    pub work_limit: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            device: Device::default(),
            mode: None,
            kernel: Kernel::default(),
            threads: None,
            work_limit: Model::WORK_LIMIT,
        }
    }
}

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Device {
    /// Whatever is fastest on this model: measured when the runner is made.
    #[default]
    Auto,
    /// SIMD kernels.
    Cpu,
    /// A GPU through Vulkan, Metal or DirectX 12.
    Wgpu,
    /// An NVIDIA GPU through CUDA, the first where there are several.
    Cuda,
}

impl Device {
    const ALL: [Self; 4] = [Self::Auto, Self::Cpu, Self::Wgpu, Self::Cuda];

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|device| device.name() == name).ok_or_else(|| {
            let message = format!("there is no device {name:?}: use auto, cpu, wgpu or cuda");
            Error::Core(deepshift_core::Error::BadArgument(message))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for device in Device::ALL {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert!("tpu".parse::<Device>().unwrap_err().to_string().contains("wgpu"));
    }
}
