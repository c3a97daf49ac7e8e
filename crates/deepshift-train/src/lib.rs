//! Training: data sets and their order, learning-rate schedules, files that survive a kill.
//!
//! Nothing here prints, and files are touched only in `data/files.rs` and [`atomic`], so that the rest runs in
//! a browser as well.

pub mod atomic;
pub mod data;
mod error;
mod schedule;

pub use error::{Error, Malformed};
pub use schedule::{Decay, Schedule, WarmUp};
