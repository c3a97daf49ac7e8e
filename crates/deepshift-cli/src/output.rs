//! What a command says. Only here is anything printed: `println!` and `eprintln!` panic where nobody can be told, and
//! nothing that is only said may end what is done.

use crate::{Error, Result};
use std::io::{ErrorKind, Write};

/// The result of a command on standard output.
///
/// # Errors
/// [`Error::OutputClosed`] where the reader is gone, as in `deepshift inspect … | head`; [`Error::Input`] where the text
/// cannot be written.
pub fn print(text: &str) -> Result<()> {
    write(std::io::stdout().lock(), text).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Error::OutputClosed,
        _ => Error::input(format!("cannot write to standard output: {error}")),
    })
}

/// What a command whose result is a file says of it on standard output, if anybody can be told.
pub fn report(text: &str) {
    let _ = write(std::io::stdout().lock(), text);
}

/// A line on standard error, if anybody can be told.
pub fn note(line: &str) {
    let _ = write(std::io::stderr().lock(), &format!("{line}\n"));
}

fn write(mut output: impl Write, text: &str) -> std::io::Result<()> {
    output.write_all(text.as_bytes())?;
    output.flush()
}
