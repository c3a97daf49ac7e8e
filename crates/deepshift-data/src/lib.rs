#![doc = include_str!("../README.md")]

mod augment;
mod batch;
#[cfg(not(target_family = "wasm"))]
pub mod cifar10;
mod dataset;
#[cfg(not(target_family = "wasm"))]
mod decode;
mod epoch;
mod error;
mod files;
mod idx;
#[cfg(not(target_family = "wasm"))]
pub mod imagenet;
mod loader;
pub mod mnist;
#[cfg(not(target_family = "wasm"))]
mod pictures;
mod random;
#[cfg(not(target_family = "wasm"))]
mod resize;
mod skipped;
mod source;
mod training;

pub use augment::{Augmentation, Draws};
pub use batch::{Batch, Mix};
pub use dataset::{Dataset, Part};
#[cfg(not(target_family = "wasm"))]
pub use decode::DEFAULT_MAX_PIXELS;
pub use epoch::Epoch;
pub use error::{Error, Malformed};
pub use idx::{IdxImages, parse_idx_images, parse_idx_labels};
pub use loader::Loader;
#[cfg(not(target_family = "wasm"))]
pub use pictures::{
    ArchiveIndex, ArchivedClass, ArchivedPicture, LabelList, Labelling, PictureFiles, PictureInput,
    index_archive,
};
pub use skipped::{Skipped, SkippedPicture};
pub use source::Source;
pub use training::TrainingEpoch;
