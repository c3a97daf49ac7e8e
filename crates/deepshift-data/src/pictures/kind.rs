//! What a file in a folder or an archive is.

use crate::decode::is_picture;
use std::ffi::OsStr;
use std::path::Path;

/// Extensions of archives; which of them are packed, their first bytes tell.
const ARCHIVES: [&str; 10] = ["tar", "tgz", "gz", "zip", "xz", "txz", "bz2", "zst", "7z", "rar"];

/// What the first bytes of packed files are, what they are called, and what unpacks them.
const PACKED: [(&[u8], &str, &str); 7] = [
    (b"\x1f\x8b", "gzip", "tar -xzf"),
    (b"\xfd7zXZ\0", "xz", "tar -xJf"),
    (b"BZh", "bzip2", "tar -xjf"),
    (b"\x28\xb5\x2f\xfd", "Zstandard", "tar --zstd -xf"),
    (b"PK\x03\x04", "zip", "unzip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x"),
    (b"Rar!\x1a\x07", "RAR", "unrar x"),
];

/// Whether a file or folder of this name is nobody's data: hidden, or what operating systems and servers leave.
pub(super) fn is_litter(name: &[u8]) -> bool {
    name.starts_with(b".") || [&b"__MACOSX"[..], b"@eaDir", b"$RECYCLE.BIN", b"lost+found"].contains(&name)
}

/// What a file is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Picture,
    Archive,
    /// The first bytes tell whether it is a picture.
    Unknown,
}

impl Kind {
    pub fn of(name: &OsStr) -> Self {
        let extension = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
        match () {
            () if is_picture(extension) => Self::Picture,
            () if ARCHIVES.iter().any(|known| known.eq_ignore_ascii_case(extension)) => Self::Archive,
            () => Self::Unknown,
        }
    }
}

/// Why a file with these first bytes cannot be read as an archive, and what to do; `None` where nothing speaks against it.
pub(super) fn packed(bytes: &[u8]) -> Option<String> {
    let (_, format, command) = PACKED.iter().find(|(start, ..)| bytes.starts_with(start))?;
    Some(format!("it is packed with {format}: unpack it first, for instance with `{command}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_pictures_and_archives() {
        for (name, kind) in [
            ("a.JPEG", Kind::Picture),
            ("b.heic", Kind::Picture),
            ("val.tar", Kind::Archive),
            ("val.tar.gz", Kind::Archive),
            ("Thumbs.db", Kind::Unknown),
            ("jpg", Kind::Unknown),
            ("n01440764_boxes.txt", Kind::Unknown),
        ] {
            assert_eq!(Kind::of(OsStr::new(name)), kind, "{name}");
        }
    }

    #[test]
    fn first_bytes_tell_what_is_packed() {
        assert!(packed(b"\x1f\x8b\x08").unwrap().contains("gzip"));
        assert_eq!(packed(b"n01440764/a.JPEG"), None);
    }
}
