use thiserror::Error;

/// What can go wrong in this crate, by who is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model, its input or an option is not in order.
    #[error(transparent)]
    Core(#[from] deepshift_core::Error),
    /// The CPU executor refuses.
    #[error(transparent)]
    Cpu(#[from] deepshift_cpu::Error),
    /// There is no GPU, or it refuses or went away.
    #[error(transparent)]
    Wgpu(#[from] deepshift_wgpu::Error),
    /// There is no NVIDIA GPU, or it refuses or failed.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Cuda(#[from] deepshift_cuda::Error),
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
