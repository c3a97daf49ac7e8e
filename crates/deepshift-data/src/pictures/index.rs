//! Which pictures there are, and where.

use crate::{Error, files};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const REMEDY: &str = "name a folder that holds one sub-folder of pictures for each class";
/// Longest file of a picture.
const LONGEST: u64 = 1 << 26;
/// Labels are u16.
const MOST_CLASSES: usize = 1 << 16;
/// Indices are u32.
const MOST_PICTURES: usize = u32::MAX as usize;

/// All pictures, class after class, each class in the order of the names.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub classes: Vec<String>,
    pub entries: Vec<Entry>,
    folders: Vec<PathBuf>,
}

/// A picture.
#[derive(Debug)]
pub(super) struct Entry {
    pub label: u16,
    folder: u32,
    name: OsString,
}

impl Index {
    /// The pictures in the folders of these classes, or of all sub-folders; in the folder itself where it has none.
    pub fn of(folder: &Path, classes: Option<&[String]>) -> Result<Self, Error> {
        let classes = match classes {
            Some(classes) => classes.to_vec(),
            None => sub_folders(folder)?,
        };
        if classes.len() > MOST_CLASSES {
            let problem = format!("{} has {} classes: at most 65536", folder.display(), classes.len());
            return Err(Error::Settings(problem));
        }
        let mut index = Self::default();
        if classes.is_empty() {
            index.add_folder(folder.into(), 0)?;
        }
        for (class, label) in classes.iter().zip(0..) {
            let path = folder.join(class);
            if path.is_dir() {
                index.add_folder(path, label)?;
            }
        }
        index.classes = classes;
        if index.entries.is_empty() {
            return Err(Error::Missing {
                what: "a single picture".into(),
                folder: folder.into(),
                remedy: REMEDY,
            });
        }
        Ok(index)
    }

    fn add_folder(&mut self, path: PathBuf, label: u16) -> Result<(), Error> {
        let folder = self.folders.len() as u32;
        let names = files::entries(&path)?;
        if self.entries.len() + names.len() > MOST_PICTURES {
            return Err(Error::Settings(format!("{} makes it more than 2^32 pictures", path.display())));
        }
        self.entries.extend(names.into_iter().map(|name| Entry { label, folder, name }));
        self.folders.push(path);
        Ok(())
    }

    /// The name of a picture, for a user to find it.
    pub fn name(&self, entry: &Entry) -> String {
        self.path(entry).display().to_string()
    }

    /// The bytes of a picture's file, or what is wrong with it.
    pub fn bytes(&self, entry: &Entry) -> Result<Vec<u8>, String> {
        files::read_picture(&self.path(entry), LONGEST)
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.folders[entry.folder as usize].join(&entry.name)
    }
}

fn sub_folders(folder: &Path) -> Result<Vec<String>, Error> {
    let names = files::entries(folder)?.into_iter().filter(|name| folder.join(name).is_dir());
    let names = names.map(|name| {
        name.into_string().map_err(|name| {
            let problem = format!("the folder {} has a name that is not UTF-8", folder.join(name).display());
            Error::Settings(problem)
        })
    });
    names.collect()
}
