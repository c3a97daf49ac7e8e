//! Files that commands read and write.

use crate::{Error, Result};
use deepshift_core::Model;
use deepshift_core::format::MAGIC;
use deepshift_weights::WeightFile;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest file that is read: far longer than any network, far shorter than a device that never ends.
const LONGEST: u64 = 1 << 32;

/// A network and the length of its file.
pub struct ModelFile {
    pub model: Model,
    pub bytes: usize,
}

/// Reads a `.dshift` file.
pub fn read_model(path: &Path) -> Result<ModelFile> {
    let bytes = read(path)?;
    Ok(ModelFile { model: parse_model(path, &bytes)?, bytes: bytes.len() })
}

/// The network in the bytes of a `.dshift` file.
pub fn parse_model(path: &Path, bytes: &[u8]) -> Result<Model> {
    Model::from_bytes(bytes).map_err(|error| match foreign(bytes) {
        Some(what) => Error::input(format!("{}: {what}", path.display())),
        None => Error::input(format!("{}: {error}; get the file again or export it again", path.display())),
    })
}

/// What a file is that is no packed network, where that is known.
fn foreign(bytes: &[u8]) -> Option<String> {
    // What was cut within its first bytes is one, too.
    if is_packed(bytes) || MAGIC.starts_with(bytes) {
        return None;
    }
    if WeightFile::parse(bytes).is_ok() {
        let advice = "deepshift export or deepshift convert makes a .dshift file of it";
        return Some(format!("it holds weights and not the network that they belong to: {advice}"));
    }
    deepshift_weights::foreign(bytes).map(|kind| kind.to_string())
}

/// Whether bytes begin as a packed network does.
pub fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// All bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| Error::input(format!("cannot read {}: {error}", path.display())))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Error::input(format!("{} is longer than {LONGEST} bytes", path.display())));
    }
    Ok(bytes)
}

/// Refuses a name that [`write`] could not give a file, before hours of work are lost to it.
pub fn check_output(path: &Path, extension: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(Error::input(format!(
            "cannot write {}: there is no folder {}; make it first",
            path.display(),
            folder.display()
        )));
    }
    if path.is_dir() || path.extension().is_none_or(|found| found != extension) {
        return Err(Error::input(format!(
            "cannot write {}: name a file that ends in .{extension}",
            path.display()
        )));
    }
    Ok(())
}

/// Writes the whole file or nothing.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(deepshift_train::atomic::write(path, bytes)?)
}
