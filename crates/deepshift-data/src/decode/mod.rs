//! Files of pictures as pixels.

mod jpeg;
mod kind;
mod png;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
pub(crate) use kind::{FIRST_BYTES, begins_as_picture, is_picture};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most pixels of a picture where nobody says otherwise: from twice as many on, Pillow refuses a picture too.
pub const DEFAULT_MAX_PIXELS: u64 = 178_956_970;
/// Longest side, in pixels; beyond it none can be resized.
const LONGEST_SIDE: u32 = 1 << 16;
/// What a decoder may allocate for a pixel, in bytes: four channels of 16 bits.
const PIXEL: u64 = 8;
/// What it may allocate besides: tables and lines.
const BESIDES: u64 = 1 << 24;

/// The picture in the bytes of a JPEG, PNG, WebP, BMP, GIF, PNM, QOI or TIFF file; of several the first. What a file is follows
/// from its first bytes, not from its name; a rotation noted in it is ignored, as by torchvision. However many pixels it claims
/// to have, memory is allocated for at most `max_pixels`.
///
/// # Errors
/// What is wrong with it, for a user to read.
pub(crate) fn decode(bytes: &[u8], max_pixels: u64) -> Result<DynamicImage, String> {
    // Decoders read hostile bytes; one that panics on them has not read the picture, and that is all.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode_limited(bytes, max_pixels)));
    let decoded = decoded.unwrap_or_else(|_| Err("the decoder failed on it".into()));
    decoded.map_err(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What a picture of so many pixels may take, in its file and decoded.
pub(crate) fn longest(max_pixels: u64) -> u64 {
    max_pixels.saturating_mul(PIXEL).saturating_add(BESIDES)
}

fn decode_limited(bytes: &[u8], max_pixels: u64) -> Result<DynamicImage, String> {
    let (bytes, format) = match kind::kind(bytes) {
        Some(ImageFormat::Png) => return png::decode(bytes, max_pixels),
        Some(ImageFormat::Jpeg) => (jpeg::picture(bytes)?, ImageFormat::Jpeg),
        // Its decoder has a limit of its own, which it tells in other words.
        Some(ImageFormat::Qoi) => {
            let side = |at: usize| bytes.get(at..)?.first_chunk().map(|side| u32::from_be_bytes(*side));
            if let (Some(width), Some(height)) = (side(4), side(8)) {
                check_size(width, height, max_pixels)?;
            }
            (bytes, ImageFormat::Qoi)
        }
        Some(format) => (bytes, format),
        None => return Err(no_picture(bytes)),
    };
    let text = |error: image::ImageError| error.to_string();
    let reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut decoder = reader.into_decoder().map_err(text)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, max_pixels)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(longest(max_pixels));
    limits.reserve(decoder.total_bytes()).map_err(text)?;
    decoder.set_limits(limits).map_err(text)?;
    DynamicImage::from_decoder(decoder).map_err(text)
}

/// Refuses what is larger than any format may be.
fn check_size(width: u32, height: u32, max_pixels: u64) -> Result<(), String> {
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(format!(
            "it has {width} by {height} pixels, more than {max_pixels} in all (--max-pixels)"
        ));
    }
    if width.max(height) > LONGEST_SIDE {
        return Err(format!("it has {width} by {height} pixels, more than {LONGEST_SIDE} a side"));
    }
    Ok(())
}

/// Why these bytes are none.
fn no_picture(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "the file is empty".into();
    }
    if bytes.starts_with(b"version https://git-lfs") {
        return "it is a pointer of Git LFS: `git lfs pull` fetches the picture".into();
    }
    format!("it is no {} file", kind::READ)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};
    pub(crate) use png::tests::encode as encode_png;

    fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
        super::decode(bytes, DEFAULT_MAX_PIXELS)
    }

    const FORMATS: [ImageFormat; 8] = [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::Pnm,
        ImageFormat::Qoi,
        ImageFormat::Tiff,
    ];

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(7, 5, |x, y| Rgb([x as u8 * 30, y as u8 * 40, 200]));
        if format == ImageFormat::Png {
            return png::tests::encode(&picture);
        }
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_usual_formats_are_told_by_their_bytes() {
        for format in FORMATS {
            let bytes = encoded(format);
            let picture = decode(&bytes).unwrap();
            assert_eq!((picture.width(), picture.height()), (7, 5), "{format:?}");
            assert!(begins_as_picture(&bytes), "{format:?}");
            let reason = super::decode(&bytes, 34).unwrap_err();
            assert_eq!(reason, "it has 7 by 5 pixels, more than 34 in all (--max-pixels)", "{format:?}");
            assert!(super::decode(&bytes, 35).is_ok(), "{format:?}");
        }
    }

    #[test]
    fn what_is_no_picture_has_a_reason() {
        assert_eq!(decode(&[]).unwrap_err(), "the file is empty");
        let reason = decode(b"<html>not found</html>").unwrap_err();
        assert_eq!(reason, "it is no JPEG, PNG, WebP, BMP, GIF, PNM, QOI or TIFF file");
        assert!(
            decode(b"version https://git-lfs.github.com/spec/v1\n").unwrap_err().contains("git lfs pull")
        );
        let png = encoded(ImageFormat::Png);
        let reason = decode(&png[..png.len() / 2]).unwrap_err();
        assert!(!reason.is_empty() && !reason.contains('\n'), "{reason}");
    }

    #[test]
    fn a_jpeg_file_that_is_cut_is_no_picture() {
        let jpeg = encoded(ImageFormat::Jpeg);
        for length in 2..jpeg.len() {
            assert!(decode(&jpeg[..length]).is_err(), "cut to {length}");
        }
        for film in [&b"what a camera adds"[..], &jpeg[..jpeg.len() / 2], b"\xff\xda", b"\xff\xc0\0\x11"] {
            assert_eq!(decode(&[&jpeg, film].concat()).unwrap(), decode(&jpeg).unwrap());
        }
    }

    #[test]
    fn no_cut_and_no_changed_byte_panics() {
        for format in FORMATS {
            let bytes = encoded(format);
            for place in 0..bytes.len() {
                let _ = decode_limited(&bytes[..place], 1 << 20);
                let mut changed = bytes.clone();
                changed[place] ^= 0x55;
                let _ = decode_limited(&changed, 1 << 20);
            }
        }
    }
}
