use wasm_bindgen::prelude::*;

// Of js-sys this would be all that is used, at a price of some 20 KB.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Error)]
    type Thrown;

    #[wasm_bindgen(constructor, js_class = "Error")]
    fn new(message: &str) -> Thrown;

    #[wasm_bindgen(method, setter, structural)]
    fn set_code(this: &Thrown, code: &str);
}

/// What JavaScript gets: a message and by whose fault.
pub struct Error {
    code: &'static str,
    message: String,
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The caller's fault.
    pub fn argument(message: &str) -> Self {
        Self { code: "bad-argument", message: message.into() }
    }
}

impl From<deepshift_core::Error> for Error {
    fn from(error: deepshift_core::Error) -> Self {
        let code = match error {
            deepshift_core::Error::BadFile { .. } => "bad-file",
            deepshift_core::Error::BadArgument(_) => "bad-argument",
            deepshift_core::Error::Limit(_) => "limit",
        };
        Self { code, message: error.to_string() }
    }
}

impl From<deepshift_cpu::Error> for Error {
    fn from(error: deepshift_cpu::Error) -> Self {
        let code = match error {
            deepshift_cpu::Error::Core(error) => return error.into(),
            deepshift_cpu::Error::BadArgument(_) => "bad-argument",
            deepshift_cpu::Error::Unsupported(_) => "unsupported",
            deepshift_cpu::Error::Limit(_) => "limit",
        };
        Self { code, message: error.to_string() }
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let thrown = Thrown::new(&error.message);
        thrown.set_code(error.code);
        thrown.into()
    }
}
