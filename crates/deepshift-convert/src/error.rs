use thiserror::Error;

/// What can go wrong in this crate, by who is at fault.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model or its input is not in order.
    #[error(transparent)]
    Core(#[from] deepshift_core::Error),
    /// The model cannot be run.
    #[error(transparent)]
    Cpu(#[from] deepshift_cpu::Error),
    /// The caller asked for what does not fit together.
    #[error("{0}")]
    BadArgument(String),
    /// The caller asked to stop.
    #[error("the conversion was stopped")]
    Stopped,
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
