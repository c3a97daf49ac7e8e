//! Any bytes as a tar archive of pictures. Needs `cargo install cargo-fuzz` and a nightly toolchain; at the top of the
//! repository:
//!
//! ```text
//! cargo +nightly fuzz run archive fuzz/corpus/archive fuzz/seeds/archive -- -max_total_time=60 -max_len=20000
//! ```
#![no_main]

use deepshift_data::index_archive;
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let index = index_archive(Cursor::new(bytes));
    // Each picture has a header; where it lies is checked when it is read.
    assert!(index.pictures.len() <= bytes.len() / 512);
    assert!(index.pictures.iter().all(|picture| picture.offset >= 512));
});
