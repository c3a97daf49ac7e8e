//! The driver's functions that explain a result. Unlike the driver's they always succeed.
#![allow(non_snake_case, reason = "the names are the driver's")]
#![allow(clippy::missing_safety_doc, reason = "NVIDIA's manual documents them")]

use std::ffi::{CStr, c_char};
use std::ptr::null;

use crate::codes::{INVALID_VALUE, NO_DEVICE, name};
use crate::library::Symbol;

type Explain = unsafe extern "C" fn(u32, *mut *const c_char) -> u32;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuGetErrorName(code: u32, text: *mut *const c_char) -> u32 {
    // SAFETY: the type is that of the driver's function.
    static FUNCTION: Symbol<Explain> = unsafe { Symbol::new("cuGetErrorName") };
    // SAFETY: the caller's promise about `text`.
    unsafe { explain(&FUNCTION, code, name(code), text) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn cuGetErrorString(code: u32, text: *mut *const c_char) -> u32 {
    // SAFETY: the type is that of the driver's function.
    static FUNCTION: Symbol<Explain> = unsafe { Symbol::new("cuGetErrorString") };
    // SAFETY: the caller's promise about `text`.
    unsafe { explain(&FUNCTION, code, own_text(code), text) }
}

fn own_text(code: u32) -> &'static CStr {
    if code == NO_DEVICE { c"no CUDA driver or no CUDA device found" } else { name(code) }
}

/// # Safety
///
/// `text` is null or may be written to.
unsafe fn explain(
    function: &Symbol<Explain>,
    code: u32,
    own: &'static CStr,
    text: *mut *const c_char,
) -> u32 {
    if text.is_null() {
        return INVALID_VALUE;
    }
    let mut answer = null();
    if let Ok(function) = function.find() {
        // SAFETY: the driver writes a pointer to a text that lasts as long as it does, or null.
        unsafe { function(code, &mut answer) };
    }
    // SAFETY: not null, hence the caller's promise.
    unsafe { *text = if answer.is_null() { own.as_ptr() } else { answer } };
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(function: Explain, code: u32) -> String {
        let mut text = null();
        // SAFETY: `text` may be written to, and then holds a text that lasts.
        unsafe {
            assert_eq!(function(code, &mut text), 0);
            CStr::from_ptr(text).to_str().unwrap().to_owned()
        }
    }

    #[test]
    fn every_result_is_explained() {
        for code in [0, 1, NO_DEVICE, 801, 912, 999, 100_000] {
            assert!(!ask(cuGetErrorName, code).is_empty());
            assert!(!ask(cuGetErrorString, code).is_empty());
        }
        assert_eq!(ask(cuGetErrorName, NO_DEVICE), "CUDA_ERROR_NO_DEVICE");
    }

    #[test]
    fn a_text_needs_a_place() {
        for function in [cuGetErrorName as Explain, cuGetErrorString] {
            // SAFETY: null is allowed.
            assert_eq!(unsafe { function(0, std::ptr::null_mut()) }, INVALID_VALUE);
        }
    }
}
