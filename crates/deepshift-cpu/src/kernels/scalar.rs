//! Plain Rust: all kernels are those of `portable`.

use super::KernelSet;

/// Every CPU can run it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scalar;

impl KernelSet for Scalar {
    fn detect() -> Option<Self> {
        Some(Self)
    }
}
