//! Any bytes as an idx file of pictures and of labels, plain or gzipped. Needs `cargo install cargo-fuzz` and a nightly
//! toolchain; at the top of the repository:
//!
//! ```text
//! cargo +nightly fuzz run idx fuzz/corpus/idx fuzz/seeds/idx -- -max_total_time=60
//! ```
#![no_main]

use idx::{parse_idx_images, parse_idx_labels};
use libfuzzer_sys::fuzz_target;

// As source, with the two items it takes from its crate: as a crate it would have all of Burn built with sanitizers.
#[path = "../../crates/deepshift-train/src/data/idx.rs"]
mod idx;

mod files {
    pub const LONGEST: u64 = 1 << 30;
}

#[derive(Debug)]
pub struct Malformed {
    pub offset: usize,
    pub problem: String,
}

impl Malformed {
    pub fn new(offset: usize, problem: impl Into<String>) -> Self {
        Self { offset, problem: problem.into() }
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(images) = parse_idx_images(bytes) {
        assert_eq!(images.pixels.len(), images.count * images.height * images.width);
    }
    if let Err(error) = parse_idx_labels(bytes) {
        assert!(!error.problem.is_empty() && (error.offset as u64) <= files::LONGEST + 16);
    }
});
