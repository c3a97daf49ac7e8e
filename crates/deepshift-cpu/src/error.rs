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
    /// This CPU cannot do what was asked for.
    #[error("{0}")]
    Unsupported(String),
    /// The system does not give what was asked for.
    #[error("limit: {0}")]
    Limit(String),
}

impl Error {
    /// What programs tell errors apart by: `unsupported`, or a [code](deepshift_core::Error::code) of the core.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Core(error) => error.code(),
            Self::BadArgument(_) => "bad-argument",
            Self::Unsupported(_) => "unsupported",
            Self::Limit(_) => "limit",
        }
    }
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
