//! What a caller may choose.

use crate::Isa;
use deepshift_core::{Kernel, Mode};

/// How a model is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Float or integer arithmetic.
    pub mode: Mode,
    /// How layers multiply by powers of two.
    pub kernel: Kernel,
    /// The instruction set; by default what `DEEPSHIFT_CPU` says, else the best one of this CPU.
    pub isa: Option<Isa>,
    /// Number of threads in a pool of the executor's own; by default rayon's global pool.
    pub threads: Option<usize>,
}
