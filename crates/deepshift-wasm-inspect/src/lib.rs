//! What a file holds, for JavaScript: a module of its own, because a page that only runs networks does not need it.
//!
//! Every failure is thrown as an `Error` whose `code` is `bad-file`, `bad-argument` or `limit`.

use deepshift_core::Model;
use deepshift_core::report::Report;
use deepshift_wasm_error::{Error, Result};
use wasm_bindgen::prelude::*;

/// What a file holds and what it costs to run, as JSON: `deepshift inspect --json` without the file's name.
#[wasm_bindgen]
pub fn inspect(file: &[u8]) -> Result<String> {
    let model = Model::from_bytes(file).map_err(thrown)?;
    let report = Report::new(&model, file.len()).map_err(thrown)?;
    serde_json::to_string(&report).map_err(Error::argument)
}

fn thrown(error: deepshift_core::Error) -> Error {
    Error::new(error.code(), error)
}
