#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    deepshift_fuzz::weights(bytes);
});
