//! The driver library, and what is found in it.

use std::error::Error;
use std::sync::{LazyLock, OnceLock};

use libloading::Library;

use crate::codes::{NO_DEVICE, NOT_SUPPORTED};

const FILE: &str = if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" };

// Never closed: functions found in it are called until the program ends.
static LIBRARY: LazyLock<Result<Library, String>> = LazyLock::new(|| {
    // SAFETY: the driver library is made to be loaded at any time, from any thread.
    unsafe { Library::new(FILE) }.map_err(|error| message(&error))
});

pub(crate) fn open() -> Result<&'static Library, &'static str> {
    LIBRARY.as_ref().map_err(String::as_str)
}

// The system's own words are the source of libloading's error, which says no more than that loading failed.
fn message(error: &libloading::Error) -> String {
    format!("no CUDA driver: {}", error.source().unwrap_or(error))
}

/// A function of the driver, looked up once.
pub(crate) struct Symbol<Function> {
    name: &'static str,
    found: OnceLock<Result<Function, u32>>,
}

impl<Function: Copy> Symbol<Function> {
    /// # Safety
    ///
    /// `Function` is a function pointer of the type that the driver's function `name` has.
    pub(crate) const unsafe fn new(name: &'static str) -> Self {
        Self { name, found: OnceLock::new() }
    }

    /// The function, or the result that stands for its absence.
    pub(crate) fn find(&self) -> Result<Function, u32> {
        *self.found.get_or_init(|| self.find_in(open().map_err(|_| NO_DEVICE)?))
    }

    fn find_in(&self, library: &Library) -> Result<Function, u32> {
        // SAFETY: `new` was promised that the type is right; an option is what may be null.
        let symbol = unsafe { library.get::<Option<Function>>(self.name) };
        symbol.ok().and_then(|function| *function).ok_or(NOT_SUPPORTED)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_library_without_the_function_does_not_support_it() {
        let program = Library::from(libloading::os::unix::Library::this());
        // SAFETY: these are the types of C's `abs` and, there being none, of the other.
        let (abs, absent) = unsafe {
            (
                Symbol::<extern "C" fn(i32) -> i32>::new("abs"),
                Symbol::<extern "C" fn()>::new("cuNobodyHasThis"),
            )
        };
        assert_eq!(abs.find_in(&program).unwrap()(-3), 3);
        assert_eq!(absent.find_in(&program).unwrap_err(), NOT_SUPPORTED);
    }
}
