//! Results on standard output.

use crate::{Error, Result};
use std::io::{ErrorKind, Write};

/// Prints text as it is. `println!` would panic where the reader is gone, as in `deepshift inspect … | head`.
pub fn print(text: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Error::OutputClosed,
        _ => Error::input(format!("cannot write to standard output: {error}")),
    })
}
