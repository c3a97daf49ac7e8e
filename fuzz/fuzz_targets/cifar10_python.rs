//! Any bytes as a python batch of CIFAR-10. Needs `cargo install cargo-fuzz` and a nightly toolchain; at the top of the
//! repository:
//!
//! ```text
//! cargo +nightly fuzz run cifar10_python fuzz/corpus/cifar10_python fuzz/seeds/cifar10_python -- -max_total_time=60 -max_len=10000
//! ```
#![no_main]

use deepshift_data::cifar10::parse_python;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match parse_python(bytes) {
    Ok(pictures) => {
        assert_eq!(pictures.images.len(), 3072 * pictures.labels.len());
        assert!(pictures.images.len() < bytes.len() && pictures.labels.iter().all(|&label| label < 10));
    }
    Err(error) => assert!(error.offset <= bytes.len()),
});
