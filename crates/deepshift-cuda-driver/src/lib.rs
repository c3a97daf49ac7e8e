#![doc = include_str!("../README.md")]
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
