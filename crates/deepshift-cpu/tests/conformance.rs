//! What every executor must give.

mod common;

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

deepshift_testing::conformance_tests!(common::suite);
