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

/// Does its work with any bytes and says whether the parser took them.
pub type Target = fn(&[u8]) -> bool;

/// All targets by name; each has a folder of that name in `fuzz/seeds`.
pub const TARGETS: [(&str, Target); 17] = [
    ("archive", archive),
    ("cifar10_binary", cifar10_binary),
    ("cifar10_python", cifar10_python),
    ("classes", classes),
    ("header", header),
    ("idx", idx),
    ("inputs", inputs),
    ("labels", labels),
    ("lowering", lowering),
    ("model", model),
    ("onnx", onnx),
    ("pickle", pickle),
    ("picture", picture),
    ("png", png),
    ("preprocessing", preprocessing),
    ("rescale", rescale),
    ("run", run),
];
