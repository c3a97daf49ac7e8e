//! Which pictures there are, and where.

use super::Labelling;
use super::archive::{ArchiveIndex, ArchivedClass, ArchivedPicture, index_archive};
use super::folders::{Listing, first_bytes, pictures_below};
use super::kind::packed;
use super::labels::LabelList;
use crate::{Error, Part, Skipped, files};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

const REMEDY: &str =
    "name a folder that holds one sub-folder of pictures for each class, or tar archives of them";
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
    /// Pictures of which nothing says what they show, and which are left out therefore.
    unknown: usize,
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

impl Entry {
    fn archived(place: usize, picture: ArchivedPicture, label: u16) -> Self {
        let range = Some(Range { offset: picture.offset, length: picture.length });
        Self { label, place: place as u32, name: picture.name.into(), range }
    }
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
    archives: Vec<OsString>,
}

impl Index {
    /// The pictures in the sub-folders of a folder; where these have none, those in its archives or in itself, whichever
    /// holds more.
    /// Of archives that hold folders of both parts, only `part` is read where one is wanted.
    pub fn of(folder: &Path, part: Option<Part>, labelling: Labelling) -> Result<Self, Error> {
        let listing = Listing::of(folder)?;
        let classes = match labelling {
            Labelling::List { labels, classes } => return Self::of_list(folder, labels, classes),
            Labelling::Folders => None,
            Labelling::Classes(classes) => Some(classes),
        };
        let folders = walk(folder, &listing, classes)?;
        let inside = archives_of(&folders);
        if listing.pictures.is_empty()
            && listing.archives.is_empty()
            && !inside.is_empty()
            && folders.iter().all(|class| class.pictures.is_empty())
        {
            return Err(Error::Settings(format!(
                "the folders in {} hold archives and no pictures ({}): unpack each of them where it lies",
                folder.display(),
                some_of(&inside)
            )));
        }
        let index = match folders.iter().any(|class| !class.pictures.is_empty()) {
            true => Self::of_folders(folder, folders, listing, classes)?,
            false => Self::of_files(folder, part, listing, classes)?,
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
            index.note("folders without pictures", folder, &others.collect::<Vec<_>>());
        } else {
            let known: BTreeSet<&OsString> = folders.iter().map(|class| &class.name).collect();
            let mut others = listing.folders.clone();
            others.retain(|name| !known.contains(name));
            index.note("folders of other classes", folder, &others);
        }
        index.note("archives beside folders of classes", folder, &listing.archives);
        index.note("archives in folders of classes", folder, &archives_of(&folders));
        index.note("pictures in no folder of a class", folder, &listing.pictures);
        let names = match classes {
            Some(classes) => classes.to_vec(),
            None => folders.iter().map(|class| utf8(folder, &class.name)).collect::<Result<_, _>>()?,
        };
        let labels: HashMap<&str, u16> = names.iter().map(String::as_str).zip(0..=u16::MAX).collect();
        for Class { name, pictures, .. } in folders {
            let label = name.to_str().and_then(|name| labels.get(name));
            if let Some(&label) = label {
                index.add_files(folder.join(&name), pictures.into_iter().map(|name| (name, label)));
            }
        }
        Ok(Self { classes: names, ..index })
    }

    /// The pictures in a folder's archives, or those in the folder itself, whichever are more.
    fn of_files(
        folder: &Path,
        part: Option<Part>,
        listing: Listing,
        classes: Option<&[String]>,
    ) -> Result<Self, Error> {
        let Listing { folders, pictures, archives } = listing;
        let mut index = Self::default();
        if !archives.is_empty() {
            let paths: Vec<PathBuf> = archives.iter().map(|name| folder.join(name)).collect();
            let mut indices = index_archives(&paths)?;
            let others = part.map_or(0, |part| leave_part(&mut indices, part.other()));
            index = Self::of_archives(paths, indices, classes, true);
            index.note_other_part(others, folder);
            if index.entries.len() >= pictures.len() {
                index.note("pictures beside archives that hold more", folder, &pictures);
                return Ok(index);
            }
            index = Self { skipped: index.skipped, ..Self::default() };
            index.note("archives that hold fewer pictures than lie beside them", folder, &archives);
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
        let [pictures, archives] = pictures_below(folder)?;
        if pictures.is_empty() && !archives.is_empty() {
            let paths: Vec<PathBuf> = archives.iter().map(|name| folder.join(name)).collect();
            let indices = index_archives(&paths)?;
            return Self::of_archived_list(paths, indices, labels, classes)?.checked(folder);
        }
        let labels = labels.of(&pictures, classes)?;
        let mut index = Self { classes: classes.to_vec(), ..Self::default() };
        let (mut labelled, mut others) = (Vec::new(), Vec::new());
        for (name, label) in pictures.into_iter().zip(labels) {
            match label {
                Some(label) => labelled.push((name, label)),
                None => others.push(name),
            }
        }
        index.note("pictures without a label in the list", folder, &others);
        index.note("archives beside pictures", folder, &archives);
        index.add_files(folder.into(), labelled.into_iter());
        index.checked(folder)
    }

    fn add_files(&mut self, place: PathBuf, files: impl Iterator<Item = (OsString, u16)>) {
        let index = self.places.len() as u32;
        self.entries.extend(files.map(|(name, label)| Entry { label, place: index, name, range: None }));
        self.places.push(place);
    }

    /// The pictures of one part in these archives.
    pub fn of_part(paths: Vec<PathBuf>, part: Part, labelling: Labelling) -> Result<Self, Error> {
        let first = paths.first().cloned().unwrap_or_default();
        let mut indices = index_archives(&paths)?;
        let others = leave_part(&mut indices, part.other());
        let mut index = match labelling {
            Labelling::List { labels, classes } => Self::of_archived_list(paths, indices, labels, classes)?,
            Labelling::Classes(classes) => Self::of_archives(paths, indices, Some(classes), false),
            Labelling::Folders => Self::of_archives(paths, indices, None, false),
        };
        if index.entries.is_empty() && index.unknown > 0 {
            return Err(unsorted(&first, index.unknown));
        }
        index.note_other_part(others, &first);
        index.checked(first.parent().unwrap_or(&first))
    }

    /// The pictures in archives that a list gives a label.
    fn of_archived_list(
        paths: Vec<PathBuf>,
        indices: Vec<ArchiveIndex>,
        labels: &LabelList,
        classes: &[String],
    ) -> Result<Self, Error> {
        let mut index = Self { classes: classes.to_vec(), places: paths, ..Self::default() };
        let mut pictures = Vec::new();
        for (place, mut archive) in indices.into_iter().enumerate() {
            pictures.extend(archive.pictures.drain(..).map(|picture| (place, picture)));
            index.skip(place, archive);
        }
        pictures.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let names: Vec<OsString> = pictures.iter().map(|(_, picture)| (&picture.name).into()).collect();
        let mut others = Vec::new();
        for ((place, picture), label) in pictures.into_iter().zip(labels.of(&names, classes)?) {
            match label {
                Some(label) => index.entries.push(Entry::archived(place, picture, label)),
                None => others.push(OsString::from(picture.name)),
            }
        }
        let folder = index.places.first().cloned().unwrap_or_default();
        index.note("pictures without a label in the list", &folder, &others);
        Ok(index)
    }

    /// The pictures in these archives, of these classes or of all. Where no folder says a class, the archive's name does if
    /// archives are `named` so, and else there are no labels.
    fn of_archives(
        paths: Vec<PathBuf>,
        indices: Vec<ArchiveIndex>,
        classes: Option<&[String]>,
        named: bool,
    ) -> Self {
        let classes = match classes {
            Some(classes) => classes.to_vec(),
            None => archived_classes(&paths, &indices, named),
        };
        let mut index = Self { classes, places: paths, ..Self::default() };
        let labels: HashMap<String, u16> = index.classes.iter().cloned().zip(0..=u16::MAX).collect();
        let mut others = BTreeSet::new();
        for (place, archive) in indices.into_iter().enumerate() {
            index.add_archive(place, archive, &labels, &mut others);
        }
        let others: Vec<String> = others.into_iter().collect();
        if !others.is_empty() {
            index.notes.push(format!("pictures of other classes are left out: {}", some_of(&others)));
        }
        index
    }

    fn add_archive(
        &mut self,
        place: usize,
        mut archive: ArchiveIndex,
        labels: &HashMap<String, u16>,
        others: &mut BTreeSet<String>,
    ) {
        let stem = stem(&self.places[place]);
        for picture in std::mem::take(&mut archive.pictures) {
            let (label, class) = match &picture.class {
                ArchivedClass::Folder(name) => (labels.get(name).copied(), name.clone()),
                ArchivedClass::Unknown if labels.is_empty() => (Some(0), stem.clone()),
                ArchivedClass::Unknown => (labels.get(&stem).copied(), stem.clone()),
                ArchivedClass::Label(label) => {
                    (Some(*label).filter(|&label| usize::from(label) < self.classes.len()), label.to_string())
                }
            };
            let Some(label) = label else {
                self.unknown += usize::from(picture.class == ArchivedClass::Unknown);
                others.insert(class);
                continue;
            };
            self.entries.push(Entry::archived(place, picture, label));
        }
        self.skip(place, archive);
    }

    /// Names what an archive holds and cannot be used.
    fn skip(&mut self, place: usize, archive: ArchiveIndex) {
        let path = &self.places[place];
        for (name, reason) in archive.left_out {
            let name = if name.is_empty() { path.clone() } else { path.join(name) };
            self.skipped.add(name.display().to_string(), reason);
        }
        if let Some(problem) = archive.problem {
            self.skipped.add(format!("the rest of {}", path.display()), problem);
        }
    }

    fn note_other_part(&mut self, pictures: usize, place: &Path) {
        if pictures > 0 {
            self.notes
                .push(format!("{pictures} pictures of the other part are left out in {}", place.display()));
        }
    }

    /// Says what is left out, if there is any of it.
    fn note(&mut self, what: &str, folder: &Path, names: &[OsString]) {
        if !names.is_empty() {
            self.notes.push(format!("{what} are left out in {}: {}", folder.display(), some_of(names)));
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

    /// The bytes of a picture's file, which may be so long, or what is wrong with it.
    pub fn bytes(&self, entry: &Entry, longest: u64) -> Result<Vec<u8>, String> {
        let place = &self.places[entry.place as usize];
        match entry.range {
            None => files::read_picture(&place.join(&entry.name), longest),
            Some(Range { offset, length }) => files::read_range(place, offset, length, longest),
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
    let class = |name: &OsString| {
        let [pictures, archives] = pictures_below(&folder.join(name))?;
        Ok(Class { name: name.clone(), pictures, archives })
    };
    names.into_par_iter().map(class).collect()
}

/// The archives in a folder, in the order of their names.
pub(super) fn archives(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    Ok(Listing::of(folder)?.archives.into_iter().map(|name| folder.join(name)).collect())
}

/// The folders in a folder.
pub(super) fn folders(folder: &Path) -> Result<Vec<OsString>, Error> {
    Ok(Listing::of(folder)?.folders)
}

/// The archives in and below the folders of classes.
fn archives_of(classes: &[Class]) -> Vec<OsString> {
    let paths = |class: &Class| {
        let folder = Path::new(&class.name);
        class.archives.iter().map(|name| folder.join(name).into_os_string()).collect::<Vec<_>>()
    };
    classes.iter().flat_map(paths).collect()
}

fn index_archives(paths: &[PathBuf]) -> Result<Vec<ArchiveIndex>, Error> {
    let index = |path: &PathBuf| {
        if let Some(reason) = packed(&first_bytes(path)) {
            return Ok(ArchiveIndex { left_out: vec![(String::new(), reason)], ..Default::default() });
        }
        let file = File::open(path).map_err(|source| Error::File { path: path.into(), source })?;
        Ok(index_archive(file))
    };
    paths.par_iter().map(index).collect()
}

/// Takes the pictures of a part away where those of the other are there too, and says how many.
fn leave_part(indices: &mut [ArchiveIndex], part: Part) -> usize {
    let part_of = |picture: &ArchivedPicture| {
        let mut names = picture.name.split('/').map(|name| name.strip_suffix(".tar").unwrap_or(name));
        names.find_map(Part::of_folder)
    };
    let mut pictures = indices.iter().flat_map(|index| &index.pictures);
    if !pictures.any(|picture| part_of(picture) == Some(part.other())) {
        return 0;
    }
    let count = |indices: &[ArchiveIndex]| indices.iter().map(|index| index.pictures.len()).sum::<usize>();
    let before = count(indices);
    for index in &mut *indices {
        index.pictures.retain(|picture| part_of(picture) != Some(part));
    }
    before - count(indices)
}

fn unsorted(folder: &Path, pictures: usize) -> Error {
    let folder = folder.display();
    Error::Settings(format!(
        "{folder} holds {pictures} pictures without folders of classes, so there are no labels: sort them into \
         folders <class>/ in it, or give a list of their labels with --labels FILE"
    ))
}

/// The first names, and how many there are where these are not all.
fn some_of<N: AsRef<std::ffi::OsStr>>(names: &[N]) -> String {
    let shown: Vec<_> = names.iter().take(NAMED).map(|name| name.as_ref().to_string_lossy()).collect();
    match names.len() {
        ..=NAMED => shown.join(", "),
        count => format!("{}, … ({count} in all)", shown.join(", ")),
    }
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
fn archived_classes(paths: &[PathBuf], indices: &[ArchiveIndex], named: bool) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut labels = 0;
    for (path, index) in paths.iter().zip(indices) {
        for picture in &index.pictures {
            match &picture.class {
                ArchivedClass::Folder(name) => names.insert(name.clone()),
                ArchivedClass::Unknown => named && names.insert(stem(path)),
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
