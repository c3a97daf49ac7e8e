//! The commands as a user runs them.

mod errors;
mod eval;
mod fixture;
mod inspect;
mod run;
mod shipped;
mod train;
