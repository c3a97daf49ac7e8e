//! Training in a browser: the original's MNIST networks behind a `wasm-bindgen` interface.
//!
//! Everything is synchronous and single-threaded, so it belongs in a worker, which drives it:
//!
//! ```js
//! const training = new Training(JSON.stringify({ shift_type: "PS" }), images, labels, testImages, testLabels);
//! while (true) {
//!   const step = JSON.parse(training.step());
//!   if (!step.epoch_complete) continue;
//!   const test = JSON.parse(training.test(0, 10000));
//!   training.finish_epoch(test.loss / test.pictures, test.correct / test.pictures, trainSeconds, testSeconds);
//!   if (step.finished) break;
//! }
//! const file = training.export_model(1000); // bytes of a .dshift
//! ```
//!
//! The same settings, pictures and starting weights give the same bits in every browser. Failures are thrown as `Error`
//! with a `code`: "bad-file", "bad-argument" or "limit".

mod error;
mod reports;
mod settings;
mod training;

pub use error::Error;
pub use settings::{ScheduleName, TrainSettings};
pub use training::Training;
