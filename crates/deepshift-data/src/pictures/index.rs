//! Which pictures there are, and where.

use super::archive::{ArchiveIndex, ArchivedClass, index_archive};
use crate::{Error, Skipped, files};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

const REMEDY: &str =
    "name a folder that holds one sub-folder of pictures for each class, or tar archives of them";
/// Longest file of a picture.
const LONGEST: u64 = 1 << 26;
/// Labels are u16.
const MOST_CLASSES: usize = 1 << 16;
/// Indices are u32.
const MOST_PICTURES: usize = u32::MAX as usize;

/// All pictures: class after class, each in the order of the names, or archive after archive, each as it is.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub classes: Vec<String>,
    pub entries: Vec<Entry>,
    /// What was found but cannot be used.
    pub skipped: Skipped,
    /// Folders or archives.
    places: Vec<PathBuf>,
}

/// A picture.
#[derive(Debug)]
pub(super) struct Entry {
    pub label: u16,
    place: u32,
    name: OsString,
    /// Where it lies in an archive.
    range: Option<Range>,
}

#[derive(Debug, Clone, Copy)]
struct Range {
    offset: u64,
    length: u64,
}

impl Index {
    /// The pictures in the archives of a folder, in its sub-folders, or in the folder itself, in this order.
    pub fn of(folder: &Path, classes: Option<&[String]>) -> Result<Self, Error> {
        let archives = archives(folder)?;
        let index = match archives.is_empty() {
            true => Self::of_folders(folder, classes)?,
            false => Self::of_archives(archives, classes)?,
        };
        index.checked(folder)
    }

    /// The pictures in the folders of these classes, or of all sub-folders; in the folder itself where it has none.
    fn of_folders(folder: &Path, classes: Option<&[String]>) -> Result<Self, Error> {
        let classes = match classes {
            Some(classes) => classes.to_vec(),
            None => sub_folders(folder)?,
        };
        let mut index = Self::default();
        if classes.is_empty() {
            index.add_folder(folder.into(), 0)?;
        }
        for (class, label) in classes.iter().zip(0..=u16::MAX) {
            let path = folder.join(class);
            if path.is_dir() {
                index.add_folder(path, label)?;
            }
        }
        Ok(Self { classes, ..index })
    }

    fn add_folder(&mut self, path: PathBuf, label: u16) -> Result<(), Error> {
        let place = self.places.len() as u32;
        let names = files::entries(&path)?.into_iter();
        self.entries.extend(names.map(|name| Entry { label, place, name, range: None }));
        self.places.push(path);
        Ok(())
    }

    /// The pictures in these archives, of these classes or of all.
    pub fn of_archives(paths: Vec<PathBuf>, classes: Option<&[String]>) -> Result<Self, Error> {
        let indices = paths.par_iter().map(|path| {
            let file = File::open(path).map_err(|source| Error::File { path: path.into(), source })?;
            Ok(index_archive(file))
        });
        let indices = indices.collect::<Result<Vec<_>, Error>>()?;
        let classes = match classes {
            Some(classes) => classes.to_vec(),
            None => archived_classes(&paths, &indices),
        };
        let mut index = Self { classes, places: paths, ..Self::default() };
        let labels: HashMap<String, u16> = index.classes.iter().cloned().zip(0..=u16::MAX).collect();
        for (place, archive) in indices.into_iter().enumerate() {
            index.add_archive(place, archive, &labels);
        }
        Ok(index)
    }

    fn add_archive(&mut self, place: usize, archive: ArchiveIndex, labels: &HashMap<String, u16>) {
        let path = &self.places[place];
        for picture in archive.pictures {
            let label = match &picture.class {
                ArchivedClass::Folder(name) => labels.get(name).copied(),
                ArchivedClass::Unknown => labels.get(&stem(path)).copied(),
                ArchivedClass::Label(label) => {
                    Some(*label).filter(|&label| usize::from(label) < self.classes.len())
                }
            };
            // What is of another class was not asked for.
            let Some(label) = label else { continue };
            let range = Some(Range { offset: picture.offset, length: picture.length });
            self.entries.push(Entry { label, place: place as u32, name: picture.name.into(), range });
        }
        if let Some(problem) = archive.problem {
            self.skipped.add(format!("the rest of {}", path.display()), problem);
        }
    }

    pub fn checked(self, folder: &Path) -> Result<Self, Error> {
        if self.classes.len() > MOST_CLASSES || self.entries.len() > MOST_PICTURES {
            let (classes, pictures) = (self.classes.len(), self.entries.len());
            let problem = format!(
                "{} has {classes} classes and {pictures} pictures: at most 2^16 and 2^32 are possible",
                folder.display()
            );
            return Err(Error::Settings(problem));
        }
        if self.entries.is_empty() {
            return Err(Error::Missing {
                what: "a single picture".into(),
                folder: folder.into(),
                remedy: REMEDY,
            });
        }
        Ok(self)
    }

    /// The name of a picture, for a user to find it.
    pub fn name(&self, entry: &Entry) -> String {
        self.places[entry.place as usize].join(&entry.name).display().to_string()
    }

    /// The bytes of a picture's file, or what is wrong with it.
    pub fn bytes(&self, entry: &Entry) -> Result<Vec<u8>, String> {
        let place = &self.places[entry.place as usize];
        match entry.range {
            None => files::read_picture(&place.join(&entry.name), LONGEST),
            Some(Range { offset, length }) => files::read_range(place, offset, length, LONGEST),
        }
    }
}

/// The archives in a folder, in the order of their names.
pub(super) fn archives(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let paths = files::entries(folder)?.into_iter().map(|name| folder.join(name));
    Ok(paths.filter(|path| path.extension().is_some_and(|found| found == "tar") && path.is_file()).collect())
}

/// Names of folders and archives, sorted; then, up to the highest label, numbers.
fn archived_classes(paths: &[PathBuf], indices: &[ArchiveIndex]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut labels = 0;
    for (path, index) in paths.iter().zip(indices) {
        for picture in &index.pictures {
            match &picture.class {
                ArchivedClass::Folder(name) => names.insert(name.clone()),
                ArchivedClass::Unknown => names.insert(stem(path)),
                ArchivedClass::Label(label) => {
                    labels = labels.max(usize::from(*label) + 1);
                    false
                }
            };
        }
    }
    let mut classes: Vec<String> = names.into_iter().collect();
    classes.extend((classes.len()..labels).map(|label| label.to_string()));
    classes
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
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
