//! Which pictures there are, and where.

use super::Labelling;
use super::archive::{ArchiveIndex, ArchivedClass, index_archive};
use super::folders::{Listing, first_bytes, pictures_below};
use super::kind::packed;
use super::labels::LabelList;
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
/// Names in a sentence.
const NAMED: usize = 3;

/// All pictures: class after class, each in the order of the names, or archive after archive, each as it is.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub classes: Vec<String>,
    pub entries: Vec<Entry>,
    /// What was found but cannot be used.
    pub skipped: Skipped,
    /// What else is there and was left out on purpose, a sentence for each kind.
    pub notes: Vec<String>,
    /// Folders or archives.
    places: Vec<PathBuf>,
}

/// A picture.
#[derive(Debug)]
pub(super) struct Entry {
    pub label: u16,
    place: u32,
    /// The path from its place.
    name: OsString,
    /// Where it lies in an archive.
    range: Option<Range>,
}

#[derive(Debug, Clone, Copy)]
struct Range {
    offset: u64,
    length: u64,
}

/// The pictures of a sub-folder.
struct Class {
    name: OsString,
    pictures: Vec<OsString>,
}

impl Index {
    /// The pictures in the sub-folders of a folder; where these have none, those in its archives or in itself, whichever
    /// holds more.
    pub fn of(folder: &Path, labelling: Labelling) -> Result<Self, Error> {
        let listing = Listing::of(folder)?;
        let classes = match labelling {
            Labelling::List { labels, classes } => return Self::of_list(folder, labels, classes),
            Labelling::Folders => None,
            Labelling::Classes(classes) => Some(classes),
        };
        let folders = walk(folder, &listing, classes)?;
        let index = match folders.iter().any(|class| !class.pictures.is_empty()) {
            true => Self::of_folders(folder, folders, listing, classes)?,
            false => Self::of_files(folder, listing, classes)?,
        };
        index.checked(folder)
    }

    /// The pictures of class folders.
    fn of_folders(
        folder: &Path,
        mut folders: Vec<Class>,
        listing: Listing,
        classes: Option<&[String]>,
    ) -> Result<Self, Error> {
        let mut index = Self::default();
        if classes.is_none() {
            // An empty folder is a class of which no picture is there; one that holds other things is none.
            let is_class = |class: &Class| !class.pictures.is_empty() || is_empty(&folder.join(&class.name));
            let others = folders.extract_if(.., |class| !is_class(class)).map(|class| class.name);
            index.note("folders hold no pictures", folder, &others.collect::<Vec<_>>());
        } else {
            let known: BTreeSet<&OsString> = folders.iter().map(|class| &class.name).collect();
            let mut others = listing.folders.clone();
            others.retain(|name| !known.contains(name));
            index.note("folders are of other classes", folder, &others);
        }
        index.note("archives lie beside folders of classes", folder, &listing.archives);
        index.note("pictures lie in no folder of a class", folder, &listing.pictures);
        let names = match classes {
            Some(classes) => classes.to_vec(),
            None => folders.iter().map(|class| utf8(folder, &class.name)).collect::<Result<_, _>>()?,
        };
        let labels: HashMap<&str, u16> = names.iter().map(String::as_str).zip(0..=u16::MAX).collect();
        for Class { name, pictures } in folders {
            let label = name.to_str().and_then(|name| labels.get(name));
            if let Some(&label) = label {
                index.add_files(folder.join(&name), pictures.into_iter().map(|name| (name, label)));
            }
        }
        Ok(Self { classes: names, ..index })
    }

    /// The pictures in a folder's archives, or those in the folder itself, whichever are more.
    fn of_files(folder: &Path, listing: Listing, classes: Option<&[String]>) -> Result<Self, Error> {
        let Listing { folders, pictures, archives } = listing;
        let mut index = Self::default();
        if !archives.is_empty() {
            index = Self::of_archives(archives.iter().map(|name| folder.join(name)).collect(), classes)?;
            if index.entries.len() >= pictures.len() {
                index.note("pictures lie beside archives of pictures", folder, &pictures);
                return Ok(index);
            }
            index = Self { skipped: index.skipped, ..Self::default() };
            index.note("archives hold fewer pictures than lie beside them", folder, &archives);
        }
        if classes.is_some() && !pictures.is_empty() {
            return Err(unsorted(folder, pictures.len()));
        }
        if let Some(classes) = classes
            && !folders.is_empty()
        {
            return Err(Error::Settings(format!(
                "the folders in {} ({}) are none of the classes ({})",
                folder.display(),
                some_of(&folders),
                some_of(classes)
            )));
        }
        index.add_files(folder.into(), pictures.into_iter().map(|name| (name, 0)));
        Ok(index)
    }

    /// All pictures in and below a folder that a list gives a label.
    fn of_list(folder: &Path, labels: &LabelList, classes: &[String]) -> Result<Self, Error> {
        let pictures = pictures_below(folder)?;
        let labels = labels.of(&pictures, classes)?;
        let mut index = Self { classes: classes.to_vec(), ..Self::default() };
        let (mut labelled, mut others) = (Vec::new(), Vec::new());
        for (name, label) in pictures.into_iter().zip(labels) {
            match label {
                Some(label) => labelled.push((name, label)),
                None => others.push(name),
            }
        }
        index.note("pictures have no label in the list", folder, &others);
        index.add_files(folder.into(), labelled.into_iter());
        index.checked(folder)
    }

    fn add_files(&mut self, place: PathBuf, files: impl Iterator<Item = (OsString, u16)>) {
        let index = self.places.len() as u32;
        self.entries.extend(files.map(|(name, label)| Entry { label, place: index, name, range: None }));
        self.places.push(place);
    }

    /// The pictures in these archives, of these classes or of all.
    pub fn of_archives(paths: Vec<PathBuf>, classes: Option<&[String]>) -> Result<Self, Error> {
        let indices = paths.par_iter().map(|path| {
            if let Some(reason) = packed(&first_bytes(path)) {
                return Ok(ArchiveIndex { left_out: vec![(String::new(), reason)], ..Default::default() });
            }
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
        let mut others = BTreeSet::new();
        for (place, archive) in indices.into_iter().enumerate() {
            index.add_archive(place, archive, &labels, &mut others);
        }
        let others: Vec<String> = others.into_iter().collect();
        if !others.is_empty() {
            index.notes.push(format!(
                "pictures of {} other classes are left out: {}",
                others.len(),
                some_of(&others)
            ));
        }
        Ok(index)
    }

    fn add_archive(
        &mut self,
        place: usize,
        archive: ArchiveIndex,
        labels: &HashMap<String, u16>,
        others: &mut BTreeSet<String>,
    ) {
        let path = &self.places[place];
        for picture in archive.pictures {
            let (label, class) = match picture.class {
                ArchivedClass::Folder(name) => (labels.get(&name).copied(), name),
                ArchivedClass::Unknown => (labels.get(&stem(path)).copied(), stem(path)),
                ArchivedClass::Label(label) => {
                    (Some(label).filter(|&label| usize::from(label) < self.classes.len()), label.to_string())
                }
            };
            let Some(label) = label else {
                others.insert(class);
                continue;
            };
            let range = Some(Range { offset: picture.offset, length: picture.length });
            self.entries.push(Entry { label, place: place as u32, name: picture.name.into(), range });
        }
        for (name, reason) in archive.left_out {
            let name = if name.is_empty() { path.clone() } else { path.join(name) };
            self.skipped.add(name.display().to_string(), reason);
        }
        if let Some(problem) = archive.problem {
            self.skipped.add(format!("the rest of {}", path.display()), problem);
        }
    }

    /// Says what is left out, if there is any of it.
    fn note(&mut self, why: &str, folder: &Path, names: &[OsString]) {
        if !names.is_empty() {
            let (count, folder) = (names.len(), folder.display());
            self.notes.push(format!("{count} {why} and are left out in {folder}: {}", some_of(names)));
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
            let first = self.skipped.named.first();
            let reason = first.map(|first| format!("{}: {}", first.name, first.reason));
            let reason = reason.or(self.notes.into_iter().next());
            let (what, folder) = ("a single picture".into(), folder.into());
            let remedy = reason.map_or(REMEDY.into(), Into::into);
            return Err(Error::Missing { what, folder, remedy });
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

/// The pictures below the sub-folders of these classes, or below all of them.
fn walk(folder: &Path, listing: &Listing, classes: Option<&[String]>) -> Result<Vec<Class>, Error> {
    let wanted: Option<BTreeSet<&str>> = classes.map(|classes| classes.iter().map(String::as_str).collect());
    let is_wanted = |name: &&OsString| {
        wanted.as_ref().is_none_or(|wanted| name.to_str().is_some_and(|name| wanted.contains(name)))
    };
    let names: Vec<&OsString> = listing.folders.iter().filter(is_wanted).collect();
    let class =
        |name: &OsString| Ok(Class { name: name.clone(), pictures: pictures_below(&folder.join(name))? });
    names.into_par_iter().map(class).collect()
}

/// The archives in a folder, in the order of their names.
pub(super) fn archives(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    Ok(Listing::of(folder)?.archives.into_iter().map(|name| folder.join(name)).collect())
}

fn unsorted(folder: &Path, pictures: usize) -> Error {
    let folder = folder.display();
    Error::Settings(format!(
        "{folder} holds {pictures} pictures without folders of classes, so there are no labels: sort them into \
         {folder}/<class>/, or give a list of their labels with --labels FILE"
    ))
}

/// The first names and how many more there are.
fn some_of<N: AsRef<std::ffi::OsStr>>(names: &[N]) -> String {
    let shown: Vec<_> = names.iter().take(NAMED).map(|name| name.as_ref().to_string_lossy()).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn utf8(folder: &Path, name: &OsString) -> Result<String, Error> {
    name.to_str().map(String::from).ok_or_else(|| {
        let problem = format!("the folder {} has a name that is not UTF-8", folder.join(name).display());
        Error::Settings(problem)
    })
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
