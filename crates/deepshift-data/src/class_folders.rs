//! Pictures in folders, one for each class.

use crate::Error;
use crate::files;
use std::path::{Path, PathBuf};

/// Classes and the files of their pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClassFolders {
    /// Names of the folders, in the order of the labels.
    pub classes: Vec<String>,
    /// The files with their labels, class after class, each in the order of the names.
    pub files: Vec<(PathBuf, u16)>,
}

/// Labels are u16.
const MOST_CLASSES: usize = 1 << 16;

impl ClassFolders {
    /// All visible folders in `folder`, sorted by name as torchvision's `ImageFolder` does, and all visible files in
    /// them.
    pub fn list(folder: &Path) -> Result<Self, Error> {
        let folders: Vec<_> = files::entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
        if folders.len() > MOST_CLASSES {
            let problem =
                format!("{} has {} classes; at most 65536 are possible", folder.display(), folders.len());
            return Err(Error::Settings(problem));
        }
        let mut list = Self { classes: Vec::new(), files: Vec::new() };
        for (path, label) in folders.iter().zip(0..) {
            list.classes.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            list.files.extend(files::entries(path)?.into_iter().map(|path| (path, label)));
        }
        Ok(list)
    }
}
