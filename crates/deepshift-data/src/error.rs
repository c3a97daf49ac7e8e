//! What can go wrong, told apart by who can put it right.

use std::borrow::Cow;
use std::path::PathBuf;

/// An error of this crate. Its message is one line and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Files are not where they were looked for: the user names another folder or fetches them.
    #[error("{what} is not in {}; {remedy}", folder.display())]
    Missing {
        /// What was looked for.
        what: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// What the user can do, or why it is not there.
        remedy: Cow<'static, str>,
    },
    /// A file does not hold what it should: whoever made it, or the way here, is at fault.
    #[error("{} is damaged: {problem}; {remedy}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: Malformed,
        /// What the user can do.
        remedy: &'static str,
    },
    /// The machine refuses to read a file.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The machine's answer.
        source: std::io::Error,
    },
    /// Settings that do not fit together or the pictures.
    #[error("{0}")]
    Settings(String),
    /// Not a single picture of a data set can be read.
    #[error("not one of {count} pictures can be read: {reason}")]
    Unreadable {
        /// Pictures that were tried.
        count: usize,
        /// The first, and what is wrong with it.
        reason: String,
    },
}

/// Bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}, {problem}")]
pub struct Malformed {
    /// Where in the bytes, after unpacking if they were packed.
    pub offset: usize,
    /// What is wrong there.
    pub problem: String,
}

impl Malformed {
    /// A problem at `offset`.
    pub fn new(offset: usize, problem: impl Into<String>) -> Self {
        Self { offset, problem: problem.into() }
    }
}
