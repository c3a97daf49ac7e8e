use js_sys::Reflect;
use wasm_bindgen::JsValue;

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

impl From<deepshift_wgpu::Error> for Error {
    fn from(error: deepshift_wgpu::Error) -> Self {
        let code = match error {
            deepshift_wgpu::Error::Core(error) => return error.into(),
            deepshift_wgpu::Error::BadArgument(_) => "bad-argument",
            deepshift_wgpu::Error::Limit(_) => "limit",
            deepshift_wgpu::Error::Unsupported(_) => "unsupported",
            deepshift_wgpu::Error::DeviceLost(_) => "device-lost",
        };
        Self { code, message: error.to_string() }
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let thrown = js_sys::Error::new(&error.message);
        // An ordinary object takes a property; if one did not, the message would still be thrown.
        let _ = Reflect::set(&thrown, &"code".into(), &error.code.into());
        thrown.into()
    }
}
