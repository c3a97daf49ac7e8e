//! What the fuzz targets do with any bytes: each panics where the bytes break what a parser promises. The programs in `fuzz/`
//! give them libFuzzer's bytes, the tests here the seeds in `fuzz/seeds`, so that neither rots without the other.
#![forbid(unsafe_code)]

mod archive;
mod cifar10;
mod classes;
mod file;
mod idx;
mod inputs;
mod labels;
mod model;
mod pickle;
mod picture;
mod preprocessing;
mod rescale;
mod run;
mod weights;

pub use archive::archive;
pub use cifar10::{cifar10_binary, cifar10_python};
pub use classes::classes;
pub use idx::idx;
pub use inputs::inputs;
pub use labels::labels;
pub use model::{header, lowering, model, onnx};
pub use pickle::pickle;
pub use picture::{picture, png};
pub use preprocessing::preprocessing;
pub use rescale::rescale;
pub use run::run;
pub use weights::weights;

/// A fuzz target.
pub struct Target {
    /// Of its program.
    pub name: &'static str,
    /// Its folder in `fuzz/seeds`.
    pub seeds: &'static str,
    /// Does its work with any bytes and says whether the parser took them.
    pub run: fn(&[u8]) -> bool,
}

/// All targets. Those that take a `.dshift` file learn from each other.
pub const TARGETS: [Target; 18] = [
    Target { name: "archive", seeds: "archive", run: archive },
    Target { name: "cifar10_binary", seeds: "cifar10_binary", run: cifar10_binary },
    Target { name: "cifar10_python", seeds: "cifar10_python", run: cifar10_python },
    Target { name: "classes", seeds: "classes", run: classes },
    Target { name: "header", seeds: "header", run: header },
    Target { name: "idx", seeds: "idx", run: idx },
    Target { name: "inputs", seeds: "inputs", run: inputs },
    Target { name: "labels", seeds: "labels", run: labels },
    Target { name: "lowering", seeds: "dshift", run: lowering },
    Target { name: "model", seeds: "dshift", run: model },
    Target { name: "onnx", seeds: "dshift", run: onnx },
    Target { name: "pickle", seeds: "pickle", run: pickle },
    Target { name: "picture", seeds: "picture", run: picture },
    Target { name: "png", seeds: "png", run: png },
    Target { name: "preprocessing", seeds: "preprocessing", run: preprocessing },
    Target { name: "rescale", seeds: "rescale", run: rescale },
    Target { name: "run", seeds: "dshift", run },
    Target { name: "weights", seeds: "weights", run: weights },
];
