//! Errors as JavaScript sees them: an `Error` with a `code`.

use wasm_bindgen::JsValue;

/// What went wrong, by who is at fault.
#[derive(Debug)]
pub enum Error {
    /// Bytes that are no good checkpoint or `.dshift` file.
    BadFile(String),
    /// Something that the caller gave does not fit.
    BadArgument(String),
    /// A size beyond what is accepted.
    Limit(String),
}

impl Error {
    pub(crate) fn argument(what: impl std::fmt::Display) -> Self {
        Self::BadArgument(what.to_string())
    }
}

impl From<deepshift_core::Error> for Error {
    fn from(error: deepshift_core::Error) -> Self {
        let message = error.to_string();
        match error {
            deepshift_core::Error::BadFile { .. } => Self::BadFile(message),
            deepshift_core::Error::BadArgument(_) => Self::BadArgument(message),
            deepshift_core::Error::Limit(_) => Self::Limit(message),
        }
    }
}

impl From<deepshift_train::Error> for Error {
    fn from(error: deepshift_train::Error) -> Self {
        match error {
            deepshift_train::Error::Core(error) => error.into(),
            deepshift_train::Error::Checkpoint(_) => Self::BadFile(error.to_string()),
            _ => Self::BadArgument(error.to_string()),
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
        let (code, message) = match error {
            Error::BadFile(message) => ("bad-file", message),
            Error::BadArgument(message) => ("bad-argument", message),
            Error::Limit(message) => ("limit", message),
        };
        let error = js_sys::Error::new(&message);
        // A new object takes any property, so there is no failure to report.
        let _ = js_sys::Reflect::set(&error, &"code".into(), &code.into());
        error.into()
    }
}
