//! Takes the place of the crates.io package of the same name, through `[patch.crates-io]` in the workspace's
//! `Cargo.toml`. That one looks for the CUDA toolkit, stops the build where there is none, and has the driver library
//! linked, after which no program starts without a driver. Here nothing is looked for and nothing is linked:
//! `deepshift-cuda-driver` has the driver's functions.
//!
//! A patch is for this workspace only; `crates/deepshift-cuda/README.md` says what others do.
#![forbid(unsafe_code)]

/// What the build scripts of `cust` and `cust_raw` call. Without its line cargo would run them again whenever any file
/// of theirs changes.
pub fn include_cuda() {
    println!("cargo:rerun-if-changed=build.rs");
}
