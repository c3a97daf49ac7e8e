//! Where data sets touch files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::{Error, Malformed};

/// Longest file, and longest unpacked content of a file, that is read: many times the largest data set.
pub(crate) const LONGEST: u64 = 1 << 30;

/// The first of these files in the first of these sub-folders of `folder` that has one.
pub(crate) fn find(folder: &Path, sub_folders: &[&str], names: &[&str]) -> Option<PathBuf> {
    sub_folders
        .iter()
        .flat_map(|sub_folder| names.iter().map(move |name| folder.join(sub_folder).join(name)))
        .find(|path| path.is_file())
}

/// All bytes of a file.
///
/// # Errors
/// [`Error::File`] if it cannot be read, [`Error::Damaged`] if it is longer than `longest`.
pub(crate) fn read(path: &Path, longest: u64, remedy: &'static str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(longest + 1).read_to_end(&mut bytes))
        .map_err(|source| Error::File { path: path.into(), source })?;
    if bytes.len() as u64 > longest {
        let problem = Malformed::new(bytes.len() - 1, "it is still going on, far longer than it can be");
        return Err(Error::Damaged { path: path.into(), problem, remedy });
    }
    Ok(bytes)
}

/// All bytes of a picture's file, or what is wrong with it. Anything but a file, such as a pipe that would never end, is
/// refused.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn read_picture(path: &Path, longest: u64) -> Result<Vec<u8>, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !length.is_file() {
        return Err("it is no file".into());
    }
    if length.len() > longest {
        return Err(format!("it has {} bytes, more than {longest}", length.len()));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

/// So many bytes of a file, or what is wrong with it.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn read_range(path: &Path, offset: u64, length: u64, longest: u64) -> Result<Vec<u8>, String> {
    use std::io::{Seek, SeekFrom};
    if length > longest {
        return Err(format!("it has {length} bytes, more than {longest}"));
    }
    let mut bytes = Vec::new();
    let mut read = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        file.take(length).read_to_end(&mut bytes)
    };
    match read() {
        Ok(read) if read as u64 == length => Ok(bytes),
        Ok(read) => Err(format!("the archive ends after {read} of its {length} bytes")),
        Err(error) => Err(error.to_string()),
    }
}
