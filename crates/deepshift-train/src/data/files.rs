//! Where data sets touch files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::{Error, Malformed};

/// Longest file, and longest unpacked content of a file, that is read: many times the largest data set.
pub(super) const LONGEST: u64 = 1 << 30;

/// The file called `name` or `name.gz` in the first of these sub-folders of `folder` that has it.
pub(super) fn find(folder: &Path, sub_folders: &[&str], name: &str) -> Option<PathBuf> {
    let names = [name.to_owned(), format!("{name}.gz")];
    sub_folders
        .iter()
        .flat_map(|sub_folder| names.iter().map(move |name| folder.join(sub_folder).join(name)))
        .find(|path| path.is_file())
}

/// All bytes of a file.
///
/// # Errors
/// [`Error::File`] if it cannot be read, [`Error::Damaged`] if it is longer than [`LONGEST`].
pub(super) fn read(path: &Path, remedy: &'static str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|source| Error::File { action: "read", path: path.into(), source })?;
    if bytes.len() as u64 > LONGEST {
        let problem = Malformed::new(bytes.len() - 1, "it is still going on, far longer than it can be");
        return Err(Error::Damaged { path: path.into(), problem, remedy });
    }
    Ok(bytes)
}
