#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod machine;
mod value;

pub use machine::parse;
pub use value::{Id, Object, Pickle, Value};

use thiserror::Error;

/// Why bytes are no pickle that can be read. Offsets are of the instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// An instruction that is unknown, cut off or does not fit.
    #[error("at byte {0} is no instruction of a pickle")]
    Malformed(usize),
    /// More instructions than were allowed.
    #[error("the pickle goes on beyond byte {0}, far longer than expected")]
    TooLong(usize),
}
