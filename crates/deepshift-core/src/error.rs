use thiserror::Error;

/// What can go wrong in this crate, by who is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no good `.dshift` file: get the file again or export it again.
    #[error("bad file at byte {offset}: {what}")]
    BadFile {
        /// Where in the file the trouble was noticed.
        offset: usize,
        /// What is wrong, with the name of the layer or field.
        what: String,
    },
    /// The caller asked for something that does not fit together.
    #[error("{0}")]
    BadArgument(String),
    /// A size beyond what this crate accepts.
    #[error("limit: {0}")]
    Limit(String),
    /// A network that would compute for longer than anybody waits.
    #[error(
        "limit: a picture takes {steps} steps, and {limit} are allowed: raise the limit of work (`work_limit`, in JavaScript \
         `maxOperations`) if you trust the file"
    )]
    Work {
        /// What it takes: see [`Graph::work`](crate::graph::Graph::work).
        steps: u64,
        /// What is allowed.
        limit: u64,
    },
}

impl Error {
    /// What programs tell errors apart by: `bad-file`, `bad-argument` or `limit`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadFile { .. } => "bad-file",
            Self::BadArgument(_) => "bad-argument",
            Self::Limit(_) | Self::Work { .. } => "limit",
        }
    }

    pub(crate) fn argument(what: impl Into<String>) -> Self {
        Self::BadArgument(what.into())
    }
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;
