#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

/// Convolutions and linear layers on ordinary cores.
pub const LAYERS: &str = include_str!("../ptx/layers.ptx");
/// Operations without weights.
pub const OPERATIONS: &str = include_str!("../ptx/operations.ptx");
/// Convolutions and linear layers of integer mode on tensor cores.
pub const TENSOR: &str = include_str!("../ptx/tensor.ptx");

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::graph::Activation;
    use sha2::{Digest, Sha256};
    use std::fmt::Write;

    /// What `scripts/build/ptx` writes into each file: all files of the folder, in the order of their names.
    fn hash_of_sources() -> String {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/cuda");
        let files = std::fs::read_dir(folder).expect("the kernels");
        let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        paths.sort();
        let mut hasher = Sha256::new();
        paths.iter().for_each(|path| hasher.update(std::fs::read(path).expect("a file that can be read")));
        hasher.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// `scripts/build/ptx` lets this test write the file.
    #[test]
    fn functions_are_those_of_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/cuda/activations.cuh");
        let lines = Activation::ALL.iter().map(|activation| {
            format!("ACTIVATION({}, {})\n", activation.name(), activation.expressions().cuda)
        });
        let head = "// Made by scripts/build/ptx from the table in deepshift-core/src/graph/activation.rs.\n";
        let text = format!("{head}{}", lines.collect::<String>());
        if std::env::var_os("DEEPSHIFT_WRITE_ACTIVATIONS").is_some() {
            std::fs::write(path, &text).expect("the file can be written");
        }
        let found = std::fs::read_to_string(path).expect("the file is there");
        assert_eq!(found, text, "the table has changed: run scripts/build/ptx");
    }

    #[test]
    fn ptx_is_made_from_these_sources() {
        let hash = hash_of_sources();
        for (name, ptx) in [("layers", LAYERS), ("operations", OPERATIONS), ("tensor", TENSOR)] {
            assert!(ptx.contains(&hash), "{name}.ptx is of other sources: run scripts/build/ptx");
            assert!(ptx.contains("\n.version 7.0\n") && ptx.contains("\n.target sm_80\n"), "{name}.ptx");
        }
    }
}
