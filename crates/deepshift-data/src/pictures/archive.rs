//! Which pictures there are in a tar archive, and where: found once, then read by their offsets.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom};
use tar::Archive;

/// Longest content of a `.cls` file that is read.
const LONGEST_LABEL: u64 = 32;
/// Most bytes that lie between two contents: headers and long names.
const LONGEST_HEADERS: u64 = 1 << 20;
const PICTURES: [&str; 6] = ["jpg", "jpeg", "png", "webp", "bmp", "gif"];

/// The pictures of an archive, as they lie in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveIndex {
    /// Its pictures.
    pub pictures: Vec<ArchivedPicture>,
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
    /// By the folder that the picture lies in: `<class>/<name>`.
    Folder(String),
    /// By a number in the file of the same name that ends in `.cls`, as WebDataset does.
    Label(u16),
}

/// Finds the pictures of a tar archive: files that have a `.cls` file beside them, or, where the archive has none of these, all
/// files. It reads headers only, and no more than a mebibyte between two contents.
pub fn index_archive(source: impl Read + Seek) -> ArchiveIndex {
    let mut index = ArchiveIndex::default();
    let mut labels = HashMap::new();
    let mut archive = Archive::new(Headers { source, left: LONGEST_HEADERS });
    if let Err(error) = index.add_entries(&mut archive, &mut labels) {
        index.problem = Some(error.to_string());
    }
    if !labels.is_empty() {
        index.take_labels(&labels);
    }
    index
}

impl ArchiveIndex {
    fn add_entries(
        &mut self,
        archive: &mut Archive<impl Read + Seek>,
        labels: &mut HashMap<String, u16>,
    ) -> io::Result<()> {
        for entry in archive.entries_with_seek()? {
            let mut entry = entry?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let (folders, file) = name.rsplit_once('/').unwrap_or(("", &name));
            if !entry.header().entry_type().is_file() || file.starts_with('.') {
                continue;
            }
            if let Some(stem) = name.strip_suffix(".cls") {
                let mut text = String::new();
                (&mut entry).take(LONGEST_LABEL).read_to_string(&mut text)?;
                if let Ok(label) = text.trim().parse() {
                    labels.insert(stem.to_owned(), label);
                }
                continue;
            }
            let class = match folders.rsplit('/').next() {
                None | Some("" | ".") => ArchivedClass::Unknown,
                Some(folder) => ArchivedClass::Folder(folder.to_owned()),
            };
            let (offset, length) = (entry.raw_file_position(), entry.size());
            self.pictures.push(ArchivedPicture { name, offset, length, class });
        }
        Ok(())
    }

    /// Keeps what has a label.
    fn take_labels(&mut self, labels: &HashMap<String, u16>) {
        self.pictures.retain_mut(|picture| {
            let Some((stem, extension)) = picture.name.rsplit_once('.') else { return false };
            let is_picture = PICTURES.iter().any(|known| known.eq_ignore_ascii_case(extension));
            match labels.get(stem) {
                Some(&label) if is_picture => {
                    picture.class = ArchivedClass::Label(label);
                    true
                }
                _ => false,
            }
        });
    }
}

/// Reads only so much before the next seek, so that a header that promises gigabytes of name takes no memory.
struct Headers<S> {
    source: S,
    left: u64,
}

impl<S: Read> Read for Headers<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.left as usize);
        if length == 0 && !buffer.is_empty() {
            return Err(io::Error::other("a header is longer than a mebibyte"));
        }
        let read = self.source.read(&mut buffer[..length])?;
        self.left -= read as u64;
        Ok(read)
    }
}

impl<S: Seek> Seek for Headers<S> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.left = LONGEST_HEADERS;
        self.source.seek(position)
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
