//! What every executor is tried with: random networks, the shapes at which kernels go wrong, and the tests themselves, which compare an
//! executor with the reference interpreter.
//!
//! Whoever writes an executor implements [`Device`] and lets [`conformance_tests!`] write the tests:
//!
//! ```ignore
//! deepshift_testing::conformance_tests!(|| Suite::thorough(vec![Box::new(MyDevice::new())]));
//! ```
#![forbid(unsafe_code)]
// The names of cases and of what they are made of say what they are.
#![allow(missing_docs)]

pub mod cases;
pub mod conformance;
mod model_builder;
mod random;

pub use conformance::{Device, Suite};
pub use model_builder::{LayerSpec, ModelBuilder};
pub use random::Random;
