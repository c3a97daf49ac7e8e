//! Errors as JavaScript sees them: an `Error` with a `code`.

use wasm_bindgen::JsValue;

/// What is thrown; its code is `bad-file`, `bad-argument` or `limit`.
#[derive(Debug)]
pub struct Error(deepshift_wasm_error::Error);

impl Error {
    pub(crate) fn argument(what: impl std::fmt::Display) -> Self {
        Self(deepshift_wasm_error::Error::argument(what))
    }
}

impl From<deepshift_core::Error> for Error {
    fn from(error: deepshift_core::Error) -> Self {
        Self(deepshift_wasm_error::Error::new(error.code(), error))
    }
}

impl From<deepshift_train::Error> for Error {
    fn from(error: deepshift_train::Error) -> Self {
        match error {
            deepshift_train::Error::Core(error) => error.into(),
            deepshift_train::Error::Checkpoint(_) => {
                Self(deepshift_wasm_error::Error::new("bad-file", error))
            }
            _ => Self::argument(error),
        }
    }
}

impl From<deepshift_burn::Error> for Error {
    fn from(error: deepshift_burn::Error) -> Self {
        deepshift_train::Error::from(error).into()
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        error.0.into()
    }
}
