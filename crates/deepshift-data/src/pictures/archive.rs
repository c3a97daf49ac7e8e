//! Which pictures there are in a tar archive, and where: found once, then read by their offsets.

use super::kind::{Kind, is_litter, packed};
use crate::Part;
use crate::decode::{FIRST_BYTES, begins_as_picture};
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::io::{self, Read, Seek, SeekFrom};
use tar::{Archive, Entry, EntryType};

/// Longest content of a `.cls` file that is read.
const LONGEST_LABEL: u64 = 32;
/// Most bytes that lie between two contents: headers and long names.
const LONGEST_HEADERS: u64 = 1 << 20;
/// Archives within archives that are looked into.
const DEEPEST: usize = 3;
/// Links that lead to later links, one after the other, that are followed.
const LINKS: usize = 8;

/// The pictures of an archive, as they lie in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveIndex {
    /// Its pictures, then those of the archives in it.
    pub pictures: Vec<ArchivedPicture>,
    /// What is in it and cannot be used: names and reasons.
    pub left_out: Vec<(String, String)>,
    /// Why it cannot be read to its end.
    pub problem: Option<String>,
}

/// A picture in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedPicture {
    /// Its path in the archive.
    pub name: String,
    /// Where it begins, in bytes from the archive's beginning.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
    /// What it shows.
    pub class: ArchivedClass,
}

/// How an archive says what a picture shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArchivedClass {
    /// Not at all; then the archive's own name says it, as in `n01440764.tar`.
    Unknown,
    /// By the folder that the picture lies in, `<class>/<name>`, or by the name of the archive in the archive.
    Folder(String),
    /// By a number in the file of the same name that ends in `.cls`, as WebDataset does.
    Label(u16),
}

/// Finds the pictures of a tar archive and of the tar archives in it: files that have a `.cls` file beside them, or, where
/// an archive has none of these, all pictures. It reads headers and first bytes only, and no more than a mebibyte between two
/// contents.
pub fn index_archive(mut source: impl Read + Seek) -> ArchiveIndex {
    let mut index = ArchiveIndex::default();
    index.add_archive(&mut source, Extent { start: 0, length: u64::MAX }, DEEPEST);
    index
}

/// Where an archive lies in a file.
#[derive(Clone, Copy)]
struct Extent {
    start: u64,
    length: u64,
}

/// What an archive holds besides pictures.
#[derive(Default)]
struct Rest {
    labels: HashMap<String, u16>,
    /// Names of links and of what they lead to.
    links: Vec<(String, String)>,
    archives: Vec<(String, Extent)>,
}

trait Source: Read + Seek {}

impl<S: Read + Seek> Source for S {}

impl ArchiveIndex {
    fn add_archive(&mut self, source: &mut dyn Source, part: Extent, depth: usize) {
        let mut rest = Rest::default();
        let mut own = Self::default();
        if let Err(error) = own.add_entries(source, part, &mut rest) {
            own.problem = Some(error.to_string());
        }
        own.follow(rest.links);
        own.take_folders();
        if !rest.labels.is_empty() {
            own.take_labels(&rest.labels);
        }
        for (name, inner) in rest.archives {
            own.add_inner(source, (name, inner), depth);
        }
        *self = own;
    }

    fn add_entries(&mut self, source: &mut dyn Source, part: Extent, rest: &mut Rest) -> io::Result<()> {
        source.seek(SeekFrom::Start(part.start))?;
        let mut archive = Archive::new(Headers { source, part, place: 0, left: LONGEST_HEADERS });
        for entry in archive.entries_with_seek()? {
            self.add_entry(entry?, part, rest)?;
        }
        Ok(())
    }

    fn add_entry<R: Read>(&mut self, mut entry: Entry<R>, part: Extent, rest: &mut Rest) -> io::Result<()> {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let file = name.rsplit('/').next().unwrap_or(&name);
        // An archive's own folder may be called `.`.
        if name.split('/').any(|part| part != "." && is_litter(part.as_bytes())) {
            return Ok(());
        }
        let kind = Kind::of(OsStr::new(file));
        let entry_type = entry.header().entry_type();
        if entry_type == EntryType::GNUSparse && kind != Kind::Unknown {
            self.left_out.push((name, "it is packed as a sparse file: unpack the archive first".into()));
            return Ok(());
        }
        if let (EntryType::Link | EntryType::Symlink, Kind::Picture) = (entry_type, kind) {
            let target = entry.link_name_bytes().unwrap_or_default();
            let target = String::from_utf8_lossy(&target);
            // A hard link counts from the archive's top, a symbolic one from its own folder.
            let (folder, _) = name.rsplit_once('/').unwrap_or_default();
            let from = if entry_type == EntryType::Symlink { folder } else { "" };
            let target = plain(&format!("{from}/{target}"));
            rest.links.push((name, target));
            return Ok(());
        }
        if !entry_type.is_file() && !entry_type.is_contiguous() {
            return Ok(());
        }
        if let Some(stem) = name.strip_suffix(".cls") {
            let mut text = String::new();
            (&mut entry).take(LONGEST_LABEL).read_to_string(&mut text)?;
            if let Ok(label) = text.trim().parse() {
                rest.labels.insert(stem.to_owned(), label);
            }
            return Ok(());
        }
        let (offset, length) = (part.start.saturating_add(entry.raw_file_position()), entry.size());
        match kind {
            Kind::Archive => match packed(&first_bytes(&mut entry)?) {
                Some(reason) => self.left_out.push((name, reason)),
                None => rest.archives.push((name, Extent { start: offset, length })),
            },
            Kind::Unknown if !begins_as_picture(&first_bytes(&mut entry)?) => {}
            Kind::Picture | Kind::Unknown => {
                self.pictures.push(ArchivedPicture { name, offset, length, class: ArchivedClass::Unknown });
            }
        }
        Ok(())
    }

    /// Adds what links to pictures lead to.
    fn follow(&mut self, links: Vec<(String, String)>) {
        if links.is_empty() {
            return;
        }
        let mut places: HashMap<String, (u64, u64)> = self
            .pictures
            .iter()
            .map(|picture| (plain(&picture.name), (picture.offset, picture.length)))
            .collect();
        // A link may lead to one that comes later.
        let mut open = links;
        for _ in 0..LINKS {
            open.retain(|(name, target)| {
                let Some(&(offset, length)) = places.get(target) else { return true };
                places.insert(plain(name), (offset, length));
                let class = ArchivedClass::Unknown;
                self.pictures.push(ArchivedPicture { name: name.clone(), offset, length, class });
                false
            });
        }
        let reason =
            |target| format!("it is a link to {target}, which the archive does not hold as a picture");
        self.left_out.extend(open.into_iter().map(|(name, target)| (name, reason(target))));
    }

    fn add_inner(&mut self, source: &mut dyn Source, (name, part): (String, Extent), depth: usize) {
        if depth == 0 {
            let reason = "it lies in an archive in an archive in an archive: unpack it first";
            return self.left_out.push((name, reason.into()));
        }
        let mut inner = Self::default();
        inner.add_archive(source, part, depth - 1);
        let file = name.rsplit('/').next().unwrap_or(&name);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        for mut picture in inner.pictures {
            picture.name = format!("{name}/{}", picture.name);
            if picture.class == ArchivedClass::Unknown && Part::of_folder(stem).is_none() {
                picture.class = ArchivedClass::Folder(stem.to_owned());
            }
            self.pictures.push(picture);
        }
        let inside = inner.left_out.into_iter().map(|(inside, reason)| (format!("{name}/{inside}"), reason));
        self.left_out.extend(inside);
        if let Some(problem) = inner.problem {
            self.left_out.push((format!("the rest of {name}"), problem));
        }
    }

    /// Takes the names of folders as classes: those directly in `train` or `val` where all pictures lie in such, and elsewhere the
    /// innermost that are not called the same in all classes, as `n01/images` and `n02/images` are.
    fn take_folders(&mut self) {
        let folders: Vec<String> = self.pictures.iter().map(|picture| folder(&picture.name)).collect();
        let in_parts =
            folders.iter().all(|folder| folder.split('/').any(|name| Part::of_folder(name).is_some()));
        let distinct: BTreeSet<&str> = folders.iter().map(String::as_str).collect();
        let same = if distinct.len() > 1 { same_ends(&distinct) } else { 0 };
        for (picture, folder) in self.pictures.iter_mut().zip(&folders) {
            let mut names = folder.split('/');
            let class = if in_parts {
                names.find(|name| Part::of_folder(name).is_some()).and_then(|_| names.next())
            } else {
                names.rev().nth(same)
            };
            if let Some(class) = class.filter(|class| !class.is_empty()) {
                picture.class = ArchivedClass::Folder(class.to_owned());
            }
        }
    }

    /// Keeps what has a label.
    fn take_labels(&mut self, labels: &HashMap<String, u16>) {
        self.pictures.retain_mut(|picture| {
            let stem = picture.name.rsplit_once('.').map_or(picture.name.as_str(), |(stem, _)| stem);
            let label = labels.get(stem);
            if let Some(&label) = label {
                picture.class = ArchivedClass::Label(label);
            }
            label.is_some()
        });
    }
}

/// The folder that a picture lies in, without `.` and `..`; empty for the archive itself.
fn folder(name: &str) -> String {
    plain(name.rsplit_once('/').unwrap_or_default().0)
}

/// How many of the last folders are called the same in all these paths.
fn same_ends(folders: &BTreeSet<&str>) -> usize {
    let first = folders.first().copied().unwrap_or_default();
    let same = |folder: &&str| folder.rsplit('/').zip(first.rsplit('/')).take_while(|(a, b)| a == b).count();
    folders.iter().map(same).min().unwrap_or_default()
}

/// A path without `.`, `..` and doubled separators.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn first_bytes(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(FIRST_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// An archive that is part of a file. It reads only so much before the next seek, so that a header that promises gigabytes of
/// name takes no memory.
struct Headers<'a> {
    source: &'a mut dyn Source,
    part: Extent,
    /// From the beginning of the part.
    place: u64,
    left: u64,
}

impl Read for Headers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let within = self.part.length.saturating_sub(self.place);
        let length = (buffer.len() as u64).min(self.left).min(within) as usize;
        if self.left == 0 && !buffer.is_empty() {
            return Err(io::Error::other("a header is longer than a mebibyte"));
        }
        let read = self.source.read(&mut buffer[..length])?;
        self.left -= read as u64;
        self.place += read as u64;
        Ok(read)
    }
}

impl Seek for Headers<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.left = LONGEST_HEADERS;
        let place = match position {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(step) => self.place.checked_add_signed(step),
            SeekFrom::End(step) => self.part.length.checked_add_signed(step),
        };
        let place = place.and_then(|place| Some((place, self.part.start.checked_add(place)?)));
        let (place, absolute) = place.ok_or(io::ErrorKind::InvalidInput)?;
        self.source.seek(SeekFrom::Start(absolute))?;
        self.place = place;
        Ok(place)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Cursor;

    /// A tar archive of these files.
    pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn index(bytes: &[u8]) -> ArchiveIndex {
        index_archive(Cursor::new(bytes))
    }

    #[test]
    fn classes_are_folders() {
        let long = format!("val/{}/a.JPEG", "n".repeat(150));
        let bytes = archive(&[("val/n02/b.JPEG", b"one"), ("flat.jpg", b"two"), (&long, b"three")]);
        let index = index(&bytes);
        let seen: Vec<_> = index
            .pictures
            .iter()
            .map(|picture| {
                let start = picture.offset as usize;
                (picture.class.clone(), &bytes[start..start + picture.length as usize])
            })
            .collect();
        let folder = |name: &str| ArchivedClass::Folder(name.into());
        let expected = [
            (folder("n02"), &b"one"[..]),
            (ArchivedClass::Unknown, b"two"),
            (folder(&"n".repeat(150)), b"three"),
        ];
        assert_eq!((seen, index.problem), (expected.to_vec(), None));
    }

    #[test]
    fn labels_lie_beside_their_pictures() {
        let files: [(&str, &[u8]); 7] = [
            ("a/0001.cls", b"17\n"),
            ("a/0001.jpg", b"one"),
            ("a/0001.json", b"{}"),
            ("a/0002.PNG", b"two"),
            ("a/0002.cls", b"3"),
            ("a/0003.jpg", b"no label"),
            ("a/0003.cls", b"cat"),
        ];
        let index = index(&archive(&files));
        let seen: Vec<_> =
            index.pictures.iter().map(|picture| (picture.name.as_str(), picture.class.clone())).collect();
        let label = ArchivedClass::Label;
        assert_eq!(seen, [("a/0001.jpg", label(17)), ("a/0002.PNG", label(3))]);
    }

    fn add_link(builder: &mut tar::Builder<Vec<u8>>, kind: EntryType, name: &str, target: &str) {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder.append_link(&mut header, name, target).unwrap();
    }

    /// Programs that pack files store what is there twice as a link to the first.
    #[test]
    fn links_are_what_they_lead_to() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        builder.append_data(&mut header, "train/a/1.jpg", &b"one"[..]).unwrap();
        add_link(&mut builder, EntryType::Link, "train/b/2.jpg", "train/a/1.jpg");
        add_link(&mut builder, EntryType::Symlink, "train/c/3.jpg", "../b/4.jpg");
        add_link(&mut builder, EntryType::Symlink, "train/b/4.jpg", "2.jpg");
        add_link(&mut builder, EntryType::Symlink, "train/c/4.jpg", "../gone.jpg");
        let bytes = builder.into_inner().unwrap();
        let index = index(&bytes);
        let seen: Vec<_> = index
            .pictures
            .iter()
            .map(|picture| {
                (picture.class.clone(), &bytes[picture.offset as usize..][..picture.length as usize])
            })
            .collect();
        let expected = ["a", "b", "b", "c"].map(|class| (ArchivedClass::Folder(class.into()), &b"one"[..]));
        assert_eq!(seen, expected);
        assert_eq!(index.left_out.len(), 1);
        assert!(index.left_out[0].1.contains("a link to train/gone.jpg"), "{:?}", index.left_out);
    }

    /// As ImageNet's training part comes.
    #[test]
    fn archives_in_an_archive_are_classes() {
        let first = archive(&[("1.JPEG", b"one"), ("2.JPEG", b"two")]);
        let second = archive(&[("3.JPEG", b"three"), ("notes.txt", b"nothing")]);
        let packed = [&b"\x1f\x8b\x08"[..], &[0; 40]].concat();
        let bytes = archive(&[("n01.tar", &first), ("n02.tar", &second), ("n03.tar", &packed)]);
        let index = index(&bytes);
        let seen: Vec<_> = index
            .pictures
            .iter()
            .map(|picture| {
                let content = &bytes[picture.offset as usize..][..picture.length as usize];
                (picture.name.as_str(), picture.class.clone(), content)
            })
            .collect();
        let class = |name: &str| ArchivedClass::Folder(name.into());
        assert_eq!(
            seen,
            [
                ("n01.tar/1.JPEG", class("n01"), &b"one"[..]),
                ("n01.tar/2.JPEG", class("n01"), b"two"),
                ("n02.tar/3.JPEG", class("n02"), b"three"),
            ]
        );
        assert_eq!(index.left_out[0].0, "n03.tar");
        let nested = (0..6).fold(first, |inner, _| archive(&[("inner.tar", &inner)]));
        let deep = super::index_archive(Cursor::new(nested));
        assert!(deep.pictures.is_empty() && deep.left_out[0].1.contains("unpack it first"), "{deep:?}");
    }

    #[test]
    fn a_broken_archive_gives_what_comes_before() {
        let mut bytes = archive(&[("a/1.jpg", b"one"), ("a/2.jpg", b"two")]);
        bytes[1024 + 5] ^= 1;
        let broken = index(&bytes);
        assert_eq!((broken.pictures.len(), broken.problem.is_some()), (1, true));
        assert!(index(&[b'x'; 5000]).problem.is_some());
        assert_eq!(index(&[]), ArchiveIndex::default());
        assert_eq!(index(&bytes[..1024]).pictures.len(), 1);
    }

    /// A header that promises a name of 8 gigabytes, in a file that has them.
    #[test]
    fn endless_names_are_not_read() {
        struct Endless(u64);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                buffer.fill(b'a');
                self.0 += buffer.len() as u64;
                assert!(self.0 < 2 * LONGEST_HEADERS, "it reads {}", self.0);
                Ok(buffer.len())
            }
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(8 << 30);
        header.set_cksum();
        struct Both(Cursor<Vec<u8>>, Endless);
        impl Read for Both {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let read = self.0.read(buffer)?;
                if read == 0 { self.1.read(buffer) } else { Ok(read) }
            }
        }
        impl Seek for Both {
            fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
                self.0.seek(position)
            }
        }
        let source = Both(Cursor::new(header.as_bytes().to_vec()), Endless(0));
        assert_eq!(index_archive(source).problem.unwrap(), "a header is longer than a mebibyte");
    }
}
