use thiserror::Error;

/// What can go wrong in this crate, by who is at fault. Messages are one line, say what to do, and leave the file's name to
/// whoever knows it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is of another kind, cut or damaged.
    #[error("{0}")]
    BadFile(String),
    /// The weights are not those of the network, or not where they were looked for.
    #[error("{0}")]
    BadArgument(String),
    /// No weights of the network are under the key that was named.
    #[error("{0}")]
    NoSuchKey(String),
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

pub(crate) const DAMAGED: &str = "get the file again or save it again";

pub(crate) fn damaged(what: impl std::fmt::Display) -> Error {
    Error::BadFile(format!("the file is damaged or cut off ({what}): {DAMAGED}"))
}
