use thiserror::Error;

/// What can go wrong in this crate, by who is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model or its input is not in order.
    #[error(transparent)]
    Core(#[from] deepshift_core::Error),
    /// The caller asked for something that does not exist or does not fit together.
    #[error("{0}")]
    BadArgument(String),
    /// The model needs more than this device gives; names the limit.
    #[error("limit: {0}")]
    Limit(String),
    /// There is no device, or it cannot do what was asked for.
    #[error("{0}")]
    Unsupported(String),
    /// The device went away: make a new [`Gpu`](crate::Gpu) and a new executor.
    #[error("the device was lost: {0}")]
    DeviceLost(String),
}

impl Error {
    /// What programs tell errors apart by: `unsupported`, `device-lost`, or a [code](deepshift_core::Error::code) of the
    /// core.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::BadArgument(_) => "bad-argument",
            Self::Limit(_) => "limit",
            Self::Unsupported(_) => "unsupported",
            Self::DeviceLost(_) => "device-lost",
        }
    }
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
