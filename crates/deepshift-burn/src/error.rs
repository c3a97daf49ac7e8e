use thiserror::Error;

/// What can go wrong in this crate, by who is at fault.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Weights do not belong to the network, or options do not fit together.
    #[error("{0}")]
    BadArgument(String),
    /// A graph or model that does not fit together.
    #[error(transparent)]
    Core(#[from] deepshift_core::Error),
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
