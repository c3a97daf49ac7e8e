use thiserror::Error;

/// What can go wrong in this crate, by who is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model is not in order.
    #[error(transparent)]
    Core(#[from] deepshift_core::Error),
    /// The network is too large for the file format.
    #[error("limit: {0}")]
    Limit(String),
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
