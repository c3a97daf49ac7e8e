//! What the modules for browsers throw: an `Error` with a message and a `code`.

use std::fmt::Display;
use wasm_bindgen::prelude::*;

// The module for the CPU uses nothing else of js-sys, at a price of some 20 KB.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Error)]
    type Thrown;

    #[wasm_bindgen(constructor, js_class = "Error")]
    fn new(message: &str) -> Thrown;

    #[wasm_bindgen(method, setter, structural)]
    fn set_code(this: &Thrown, code: &str);
}

/// A message, and a code that says by whose fault.
#[derive(Debug)]
pub struct Error {
    code: &'static str,
    message: String,
}

/// The result of the modules' functions.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// `error` is what a person reads.
    pub fn new(code: &'static str, error: impl Display) -> Self {
        Self { code, message: error.to_string() }
    }

    /// The caller's fault.
    pub fn argument(what: impl Display) -> Self {
        Self::new("bad-argument", what)
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let thrown = Thrown::new(&error.message);
        thrown.set_code(error.code);
        thrown.into()
    }
}
