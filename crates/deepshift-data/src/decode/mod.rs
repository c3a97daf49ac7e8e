//! Files of pictures as pixels.

mod png;

use image::{DynamicImage, ImageReader, Limits};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

const JPEG: &[u8] = &[0xff, 0xd8];
/// Longest side, in pixels.
const LONGEST_SIDE: u32 = 1 << 16;
/// What a decoder may allocate, in bytes: 89 megapixels of RGB.
const LARGEST: u64 = 1 << 28;

/// The picture in the bytes of a JPEG, PNG, WebP, BMP or GIF file; of a moving picture the first. What a file is follows
/// from its first bytes, not from its name; a rotation noted in it is ignored, as by torchvision.
///
/// # Errors
/// What is wrong with it, for a user to read.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    // Decoders read hostile bytes; one that panics on them has not read the picture, and that is all.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode_limited(bytes)));
    let decoded = decoded.unwrap_or_else(|_| Err("the decoder failed on it".into()));
    decoded.map_err(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn decode_limited(bytes: &[u8]) -> Result<DynamicImage, String> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    if bytes.starts_with(png::SIGNATURE) {
        return png::decode(bytes);
    }
    if bytes.starts_with(JPEG) && is_cut(bytes) {
        return Err("it ends in the middle of the picture".into());
    }
    // Reading from memory does not fail.
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|error| error.to_string())?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(LARGEST);
    reader.limits(limits);
    reader.decode().map_err(|error| error.to_string())
}

/// Whether a JPEG file stops within its last scan, of which the decoder would leave the rest gray. A scan's data never look
/// like a marker.
fn is_cut(bytes: &[u8]) -> bool {
    const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    let mut pairs = bytes.array_windows().rev();
    pairs.find(|&&pair| pair == START_OF_SCAN || pair == END_OF_IMAGE) != Some(&END_OF_IMAGE)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};
    pub(crate) use png::tests::encode as encode_png;

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
        for format in
            [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif]
        {
            let picture = decode(&encoded(format)).unwrap();
            assert_eq!((picture.width(), picture.height()), (7, 5), "{format:?}");
        }
    }

    #[test]
    fn what_is_no_picture_has_a_reason() {
        assert_eq!(decode(&[]).unwrap_err(), "the file is empty");
        assert!(!decode(b"<html>not found</html>").unwrap_err().is_empty());
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
        let longer = [&jpeg[..], b"what a camera adds"].concat();
        assert_eq!(decode(&longer).unwrap(), decode(&jpeg).unwrap());
    }

    #[test]
    fn no_cut_and_no_changed_byte_panics() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif] {
            let bytes = encoded(format);
            for place in 0..bytes.len() {
                let _ = decode_limited(&bytes[..place]);
                let mut changed = bytes.clone();
                changed[place] ^= 0x55;
                let _ = decode_limited(&changed);
            }
        }
    }
}
