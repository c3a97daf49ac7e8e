//! Python's pickles: what a program pickled, read without Python. Nothing is ever called: an object is only what it would
//! have been made from, so that unknown classes neither run nor stand in the way.
//!
//! A crate that reads any pickle clones what is referred to twice, so eighty bytes can fill the memory; here each
//! instruction makes few values, and values refer to each other by their numbers. They may refer to each other in
//! circles: whoever walks over them counts its steps.
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
