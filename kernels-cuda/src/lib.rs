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
    use sha2::{Digest, Sha256};
    use std::fmt::Write;

    /// What `scripts/ptx` writes into each file: all files of the folder, in the order of their names.
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

    #[test]
    fn ptx_is_made_from_these_sources() {
        let hash = hash_of_sources();
        for (name, ptx) in [("layers", LAYERS), ("operations", OPERATIONS), ("tensor", TENSOR)] {
            assert!(ptx.contains(&hash), "{name}.ptx is of other sources: run scripts/ptx");
            assert!(ptx.contains("\n.version 7.0\n") && ptx.contains("\n.target sm_80\n"), "{name}.ptx");
        }
    }
}
