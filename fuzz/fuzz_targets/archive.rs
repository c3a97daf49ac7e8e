#![no_main]

libfuzzer_sys::fuzz_target!(
    // A decoder that panics has not read the picture, by design: only what gets out of it is a fault.
    init: std::panic::set_hook(Box::new(|_| ())),
    |bytes: &[u8]| {
        deepshift_fuzz::archive(bytes);
    }
);
