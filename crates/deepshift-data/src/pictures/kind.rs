//! What a file is: by its name, or by its first bytes where the name does not tell.

use std::ffi::OsStr;
use std::path::Path;

/// So many first bytes tell.
pub(super) const FIRST: usize = 16;

/// Extensions of pictures, also of formats that cannot be read: those are named as such, not passed over.
const PICTURES: [&str; 29] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "bmp", "dib", "gif", "ppm", "pgm", "pbm", "pnm",
    "pam", "tif", "tiff", "qoi", "heic", "heif", "avif", "jp2", "j2k", "jxl", "tga", "ico", "psd", "exr",
    "hdr",
];

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
        let is_one_of = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(extension));
        match () {
            () if is_one_of(&PICTURES) => Self::Picture,
            () if is_one_of(&ARCHIVES) => Self::Archive,
            () => Self::Unknown,
        }
    }
}

/// Whether these first bytes of a file are a picture's. Formats that begin with few letters are not told from texts.
pub(super) fn begins_a_picture(bytes: &[u8]) -> bool {
    let starts: [&[u8]; 6] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*", b"qoif\0"];
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    is_webp || starts.iter().any(|start| bytes.starts_with(start))
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
    fn first_bytes_tell_what_names_do_not() {
        assert!(begins_a_picture(b"\xff\xd8\xff\xe0"));
        assert!(begins_a_picture(b"RIFF\x10\0\0\0WEBPVP8 "));
        assert!(!begins_a_picture(b"BM and other letters"));
        assert!(!begins_a_picture(b""));
        assert!(packed(b"\x1f\x8b\x08").unwrap().contains("gzip"));
        assert_eq!(packed(b"n01440764/a.JPEG"), None);
    }
}
