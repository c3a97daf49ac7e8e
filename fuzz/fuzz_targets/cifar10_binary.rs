//! Any bytes as a binary batch of CIFAR-10. Needs `cargo install cargo-fuzz` and a nightly toolchain; at the top of the
//! repository:
//!
//! ```text
//! cargo +nightly fuzz run cifar10_binary fuzz/corpus/cifar10_binary fuzz/seeds/cifar10_binary -- -max_total_time=60 -max_len=10000
//! ```
#![no_main]

use deepshift_data::cifar10::parse_binary;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match parse_binary(bytes) {
    Ok(pictures) => {
        assert_eq!(pictures.images.len() + pictures.labels.len(), bytes.len());
        assert!(pictures.labels.iter().all(|&label| label < 10));
    }
    Err(error) => assert!(error.offset <= bytes.len()),
});
