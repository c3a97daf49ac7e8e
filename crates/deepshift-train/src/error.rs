//! What can go wrong, told apart by who can put it right.

use std::path::PathBuf;

/// An error of this crate. Its message is one line and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A data set that cannot be used.
    #[error(transparent)]
    Data(#[from] deepshift_data::Error),
    /// The machine refuses to read or write a file.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried: "read", "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The machine's answer.
        source: std::io::Error,
    },
    /// Settings that do not fit together, or that led nowhere.
    #[error("{0}")]
    Settings(String),
    /// A checkpoint that cannot be used.
    #[error("the checkpoint cannot be used: {0}")]
    Checkpoint(String),
    /// A graph or model that does not fit together.
    #[error(transparent)]
    Core(#[from] deepshift_core::Error),
    /// Weights that do not fit the network.
    #[error(transparent)]
    Network(#[from] deepshift_burn::Error),
}
