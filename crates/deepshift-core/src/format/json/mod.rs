//! Reads JSON (RFC 8259). serde_json and derived readers do that too, but are compiled anew for each type, to 100 of the
//! 250 KB that a page may load for the CPU. Here one pass over the text and one way to ask for members serve all types.

mod number;
mod scanner;
mod value;

pub(super) use value::{Document, Read, Value};

/// What is wrong, and at which byte of the text it was noticed.
#[derive(Debug, PartialEq)]
pub(super) struct Error {
    pub at: usize,
    pub what: String,
}

pub(super) type Result<T> = std::result::Result<T, Error>;
