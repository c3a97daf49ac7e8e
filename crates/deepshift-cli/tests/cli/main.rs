//! The commands that need no training, as a user runs them.

mod errors;
mod eval;
mod fixture;
mod inspect;
mod run;
mod train;
