//! The functions of the CUDA driver that `cust` calls, so that programs with CUDA in them build and start on machines
//! without it.
//!
//! `cust` declares the driver's functions and expects a linker to find them in `libcuda.so.1`; a program linked so
//! does not start where that file is missing. This crate defines functions of the same names, and each finds the
//! driver's own at its first call, in `libcuda.so.1` (`nvcuda.dll` on Windows). Without a driver they answer
//! `CUDA_ERROR_NO_DEVICE`, whereupon `cust::init` returns `Err(NoDevice)`; without that function in the driver,
//! `CUDA_ERROR_NOT_SUPPORTED`.
//!
//! Results that are not among `cust`'s 87 become `CUDA_ERROR_UNKNOWN`: they are a Rust enum there, and a newer driver's
//! results would be undefined behaviour. The functions that explain results always have an answer, for `cust`'s errors
//! panic when displayed without one.
//!
//! The compiler leaves out a crate that nothing mentions, whatever it is for. Hence a crate that depends on `cust`
//! mentions this one, by calling [`find_driver`] or with nothing more than
//!
//! ```
//! use deepshift_cuda_driver as _;
//! ```
//!
//! rustc then asks the linker for all functions here before it names any library, so that it does not matter whether
//! `cust` comes before this crate or after it. A function that `cust` does not call, but `cust::sys` declares, needs a
//! line in `src/functions.rs` before others can call it.
// Functions called over C's conventions, found by name in a library.
#![allow(unsafe_code)]

mod codes;
mod functions;
mod library;
mod texts;

/// Whether there is a driver library, or else what the system says about that. A driver does not make a device: that,
/// `cust::init` tells.
pub fn find_driver() -> Result<(), &'static str> {
    library::open().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_driver_the_system_says_why() {
        match find_driver() {
            Ok(()) => println!("there is a driver: nothing to test"),
            Err(message) => assert!(message.starts_with("no CUDA driver: "), "{message}"),
        }
    }
}
