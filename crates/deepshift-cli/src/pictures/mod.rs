//! Pictures as SVG text.

pub mod confusion;
pub mod curves;
pub mod exponents;

use crate::Error;

/// Plotters' errors differ by backend; drawing into a string has nothing that a user could put right.
fn drawing_error(error: impl std::fmt::Display) -> Error {
    Error::input(format!("cannot draw the picture: {error}"))
}
