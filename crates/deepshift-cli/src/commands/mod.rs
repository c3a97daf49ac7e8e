//! One file, or folder, for each command.

pub mod bench;
pub mod convert;
pub mod eval;
pub mod export;
pub mod inspect;
pub mod run;
pub mod train;
