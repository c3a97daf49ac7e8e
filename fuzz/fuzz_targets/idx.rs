//! Any bytes as an idx file of pictures and of labels, plain or gzipped. Needs `cargo install cargo-fuzz` and a nightly
//! toolchain; at the top of the repository:
//!
//! ```text
//! cargo +nightly fuzz run idx fuzz/corpus/idx fuzz/seeds/idx -- -max_total_time=60
//! ```
#![no_main]

use deepshift_data::{parse_idx_images, parse_idx_labels};
use libfuzzer_sys::fuzz_target;

/// Longest content that is read.
const LONGEST: u64 = 1 << 30;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(images) = parse_idx_images(bytes) {
        assert_eq!(images.pixels.len(), images.count * images.height * images.width);
    }
    if let Err(error) = parse_idx_labels(bytes) {
        assert!(!error.problem.is_empty() && (error.offset as u64) <= LONGEST + 16);
    }
});
