//! What lies in folders.

use super::kind::{Kind, is_litter};
use crate::Error;
use crate::decode::{FIRST_BYTES, begins_as_picture};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Folders within folders that are looked into.
const DEEPEST: usize = 32;

/// What lies directly in a folder, in the order of the names. Hidden files and what operating systems leave are not there.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub folders: Vec<OsString>,
    pub pictures: Vec<OsString>,
    pub archives: Vec<OsString>,
}

impl Listing {
    pub fn of(folder: &Path) -> Result<Self, Error> {
        let error = |source| Error::File { path: folder.into(), source };
        let mut listing = Self::default();
        for entry in std::fs::read_dir(folder).map_err(error)? {
            let entry = entry.map_err(error)?;
            let name = entry.file_name();
            if is_litter(name.as_encoded_bytes()) {
                continue;
            }
            // Links count as what they lead to.
            let kind = entry.file_type().map_err(error)?;
            let path = folder.join(&name);
            if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
                listing.folders.push(name);
                continue;
            }
            match Kind::of(&name) {
                Kind::Picture => listing.pictures.push(name),
                Kind::Archive => listing.archives.push(name),
                Kind::Unknown if begins_as_picture(&first_bytes(&path)) => listing.pictures.push(name),
                Kind::Unknown => {}
            }
        }
        for names in [&mut listing.folders, &mut listing.pictures, &mut listing.archives] {
            names.sort_unstable();
        }
        Ok(listing)
    }
}

/// The first bytes of a file; none where it is no file or cannot be read.
pub(super) fn first_bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if path.is_file()
        && let Ok(file) = File::open(path)
    {
        // What cannot be read is not known to be anything.
        let _ = file.take(FIRST_BYTES as u64).read_to_end(&mut bytes);
    }
    bytes
}

/// All pictures in a folder and in the folders below it, then the archives there, each in the order of their paths from there.
pub(super) fn pictures_below(folder: &Path) -> Result<[Vec<OsString>; 2], Error> {
    let mut found = [const { Vec::new() }; 2];
    // A link may lead to a folder that contains it.
    let mut seen = HashSet::new();
    let mut open = vec![(PathBuf::new(), 0)];
    while let Some((below, depth)) = open.pop() {
        let path = folder.join(&below);
        let real = path.canonicalize().map_err(|source| Error::File { path: path.clone(), source })?;
        if !seen.insert(real) {
            continue;
        }
        let listing = Listing::of(&path)?;
        for (found, names) in found.iter_mut().zip([&listing.pictures, &listing.archives]) {
            found.extend(names.iter().map(|name| below.join(name).into_os_string()));
        }
        if depth < DEEPEST {
            open.extend(listing.folders.iter().map(|name| (below.join(name), depth + 1)));
        }
    }
    found.iter_mut().for_each(|names| names.sort_unstable());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, bytes: &[u8]) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn pictures_are_found_at_any_depth_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("images/b.JPEG", &b"x"[..]),
            ("images/2/a.png", b"x"),
            ("images/old.tar", b"x"),
            ("boxes.txt", b"0 0 1 1"),
            ("Thumbs.db", b"x"),
            ("desktop.ini", b"x"),
            ("._b.JPEG", b"x"),
            (".cache/c.jpg", b"x"),
            ("__MACOSX/d.jpg", b"x"),
            ("images/@eaDir/b.JPEG/THUMB.jpg", b"x"),
            ("3f5a", b"\xff\xd8\xff\xe0"),
            ("list", b"a.jpg 1"),
        ] {
            write(folder.path(), name, bytes);
        }
        let pictures = ["3f5a", "images/2/a.png", "images/b.JPEG"];
        assert_eq!(pictures_below(folder.path()).unwrap(), [&pictures[..], &["images/old.tar"]]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "real/a.jpg", b"x");
        write(folder.path(), "class/b.jpg", b"x");
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(folder.path().join(target), folder.path().join(name)).unwrap();
        };
        link("real", "class/linked");
        link("class", "class/itself");
        link("real/a.jpg", "class/c.jpg");
        link("nowhere", "class/gone.jpg");
        let found = pictures_below(&folder.path().join("class")).unwrap();
        assert_eq!(found[0], ["b.jpg", "c.jpg", "gone.jpg", "linked/a.jpg"]);
    }
}
