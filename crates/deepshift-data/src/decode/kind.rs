//! Which kind of picture a file is: by its first bytes, and by its name where that decides whether it is meant as one.

use image::ImageFormat;

/// The kinds that are read, for a message.
pub(super) const READ: &str = "JPEG, PNG, WebP, BMP, GIF, PNM, QOI or TIFF";
/// How names of pictures of these kinds end.
const EXTENSIONS: [&str; 20] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "bmp", "dib", "gif", "pnm", "pbm", "pgm", "ppm",
    "pam", "tif", "tiff", "qoi", "jif", "jfi",
];
/// How names of other pictures end.
const FOREIGN: [&str; 24] = [
    "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpf", "jpx", "ico", "tga", "exr", "hdr", "dds",
    "psd", "svg", "raw", "dng", "nef", "cr2", "cr3", "arw", "orf", "rw2",
];
/// Bytes that decide whether a file with no usual name is a picture.
pub(crate) const FIRST_BYTES: usize = 64;

/// Whether names of pictures end so; those of kinds that are not read are named as such.
pub(crate) fn is_picture(extension: &str) -> bool {
    EXTENSIONS.iter().chain(&FOREIGN).any(|known| known.eq_ignore_ascii_case(extension))
}

/// The kind that begins so; PNG is read by a decoder of its own.
pub(super) fn kind(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0xff, 0xd8, ..] => Some(ImageFormat::Jpeg),
        [b'B', b'M', ..] => Some(ImageFormat::Bmp),
        [b'P', b'1'..=b'7', next, ..] if next.is_ascii_whitespace() || *next == b'#' => {
            Some(ImageFormat::Pnm)
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        // The second kind of number is that of files beyond 4 GiB.
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(ImageFormat::Tiff),
        _ if bytes.starts_with(super::png::SIGNATURE) => Some(ImageFormat::Png),
        _ if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") => Some(ImageFormat::Gif),
        _ if bytes.starts_with(b"qoif") => Some(ImageFormat::Qoi),
        _ => None,
    }
}

/// Whether a file whose name says nothing begins as a picture does. A text may begin with the two letters of a BMP or PNM file, so
/// these need more.
pub(crate) fn begins_as_picture(bytes: &[u8]) -> bool {
    match kind(bytes) {
        // The length of its header, of which there are only these.
        Some(ImageFormat::Bmp) => {
            matches!(bytes.get(14..18), Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
        }
        Some(ImageFormat::Pnm) if bytes[1] == b'7' => bytes.windows(5).any(|word| word == b"WIDTH"),
        Some(ImageFormat::Pnm) => {
            let lines = bytes[2..].split(|&byte| byte == b'\n');
            let mut words = lines.flat_map(|line| {
                line.split(|&byte| byte == b'#').next().unwrap_or_default().split(u8::is_ascii_whitespace)
            });
            words.find(|word| !word.is_empty()).is_some_and(|word| word.iter().all(u8::is_ascii_digit))
        }
        Some(ImageFormat::Jpeg) => bytes.get(2) == Some(&0xff),
        kind => kind.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_pictures_though_they_begin_like_some() {
        for text in [
            &b"BM is a city's sign"[..],
            b"P1 is the first of them",
            b"P7 and more",
            b"GIF pictures",
            b"II*",
            b"",
            b"P",
        ] {
            assert!(!begins_as_picture(text), "{text:?}");
        }
        let bmp = [&b"BM"[..], &[0; 12], &[40, 0, 0, 0]].concat();
        for picture in [
            &bmp[..],
            b"P6\n# by hand\n2 2 255 ",
            b"P5 3 4 255\n",
            b"P7\nWIDTH 2",
            b"\xff\xd8\xff\xe0",
            b"qoif",
            b"II*\0",
            b"MM\0+",
        ] {
            assert!(begins_as_picture(picture), "{picture:?}");
        }
    }
}
