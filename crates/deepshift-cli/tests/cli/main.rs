//! The commands as a user runs them.

mod bench;
mod convert;
mod errors;
mod eval;
mod fixture;
mod habits;
mod inspect;
mod onnx;
mod pictures;
mod run;
mod shipped;
mod train;
mod weights;
