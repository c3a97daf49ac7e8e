use cust::error::CudaError;
use thiserror::Error;

/// What can go wrong in this crate, by who is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model or its input is not in order.
    #[error(transparent)]
    Core(#[from] deepshift_core::Error),
    /// The model needs more than this device gives.
    #[error("limit: {0}")]
    Limit(String),
    /// There is no device, or it cannot do what was asked for.
    #[error("{0}")]
    Unsupported(String),
    /// The device failed: make a new [`Gpu`](crate::Gpu) in a new process.
    #[error("the GPU failed: {0}")]
    DeviceLost(String),
}

impl Error {
    /// What programs tell errors apart by: `unsupported`, `device-lost`, or a [code](deepshift_core::Error::code) of the
    /// core.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::Limit(_) => "limit",
            Self::Unsupported(_) => "unsupported",
            Self::DeviceLost(_) => "device-lost",
        }
    }
}

impl From<CudaError> for Error {
    fn from(error: CudaError) -> Self {
        match error {
            CudaError::OutOfMemory => Self::Limit("the GPU has not enough memory for the model".into()),
            _ => Self::DeviceLost(error.to_string()),
        }
    }
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
