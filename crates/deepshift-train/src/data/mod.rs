//! Data sets, and the order in which training sees them.

mod dataset;
mod epoch;
mod files;
mod idx;
pub mod mnist;

pub use dataset::{Batch, Dataset, Part};
pub use epoch::Epoch;
pub use idx::{IdxImages, parse_idx_images, parse_idx_labels};
