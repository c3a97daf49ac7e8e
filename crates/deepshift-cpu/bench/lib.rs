//! Benchmarks of `deepshift-cpu`; see `kernels.rs`.
