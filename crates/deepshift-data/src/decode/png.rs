//! PNG files.

use super::check_size;
use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage};
use std::io::Cursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_png::PngDecoder;

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Bytes of the chunk of a header: length, name, 13 bytes, checksum.
const HEADER: usize = 25;

/// The picture in a PNG file; what has 16 bits loses the lower 8.
///
/// # Errors
/// What is wrong with it, for a user to read.
pub(super) fn decode(bytes: &[u8], max_pixels: u64) -> Result<DynamicImage, String> {
    let bytes = without_extras(bytes)?;
    let [width, height] = size(&bytes).ok_or("it ends before its header")?;
    check_size(width, height, max_pixels)?;
    let options = DecoderOptions::default()
        .set_max_width(width as usize)
        .set_max_height(height as usize)
        .set_strict_mode(true)
        .png_set_strip_to_8bit(true)
        .png_set_decode_animated(false);
    let mut decoder = PngDecoder::new_with_options(Cursor::new(bytes), options);
    let pixels = decoder.decode_raw().map_err(|error| format!("{error:?}"))?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let (width, height) = (width as u32, height as u32);
    let picture = match decoder.colorspace() {
        Some(ColorSpace::Luma) => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Some(ColorSpace::LumaA) => GrayAlphaImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Some(ColorSpace::RGB) => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        Some(ColorSpace::RGBA) => RgbaImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => None,
    };
    picture.ok_or_else(|| "its pixels do not fill it".into())
}

/// The chunks that make the picture. The decoder would unpack texts and color profiles of any length, which nobody reads, and
/// would believe a second header.
fn without_extras(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut kept = SIGNATURE.to_vec();
    let mut rest = bytes.strip_prefix(SIGNATURE).ok_or("it has no signature")?;
    while !rest.is_empty() {
        let length = rest.first_chunk().map(|length| u32::from_be_bytes(*length) as usize);
        // Length, name, content, checksum.
        let chunk = length.and_then(|length| rest.get(..length.checked_add(12)?));
        let chunk = chunk.ok_or("it ends in the middle of the picture")?;
        let is_first = kept.len() == SIGNATURE.len();
        match &chunk[4..8] {
            b"IHDR" if is_first && chunk.len() == HEADER => kept.extend(chunk),
            b"IHDR" => return Err("it has a second header, or a header of another length".into()),
            b"PLTE" | b"tRNS" | b"IDAT" | b"IEND" if is_first => return Err("it has no header".into()),
            b"PLTE" | b"tRNS" | b"IDAT" | b"IEND" => kept.extend(chunk),
            _ => {}
        }
        rest = &rest[chunk.len()..];
        if &chunk[4..8] == b"IEND" {
            break;
        }
    }
    Ok(kept)
}

/// Width and height, with which the first chunk of what [`without_extras`] keeps begins.
fn size(bytes: &[u8]) -> Option<[u32; 2]> {
    let side = |offset: usize| bytes.get(offset..)?.first_chunk().map(|side| u32::from_be_bytes(*side));
    Some([side(16)?, side(20)?])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::DEFAULT_MAX_PIXELS;
    use std::io::Write;

    fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
        super::decode(bytes, DEFAULT_MAX_PIXELS)
    }

    /// A PNG file of RGB pixels.
    pub(crate) fn encode(picture: &RgbImage) -> Vec<u8> {
        let rows = picture.as_raw().chunks(3 * picture.width() as usize);
        let lines: Vec<u8> = rows.flat_map(|row| [&[0], row].concat()).collect();
        file([picture.width(), picture.height()], [8, 2], &lines)
    }

    /// A PNG file of this size, depth and color type, with these filtered lines.
    pub(crate) fn file(size: [u32; 2], [depth, color]: [u8; 2], lines: &[u8]) -> Vec<u8> {
        let [width, height] = size.map(u32::to_be_bytes);
        let header = [&width[..], &height, &[depth, color, 0, 0, 0]].concat();
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(lines).unwrap();
        let data = encoder.finish().unwrap();
        [SIGNATURE.to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", &data), chunk(b"IEND", &[])].concat()
    }

    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(data);
        let length = data.len() as u32;
        [&length.to_be_bytes()[..], name, data, &crc.sum().to_be_bytes()].concat()
    }

    #[test]
    fn pixels_come_back() {
        let picture = RgbImage::from_fn(7, 5, |x, y| image::Rgb([x as u8, y as u8, 200]));
        assert_eq!(decode(&encode(&picture)).unwrap().into_rgb8(), picture);
        let gray = decode(&file([2, 1], [8, 0], &[0, 50, 60])).unwrap();
        assert_eq!(gray.into_rgb8().into_raw(), [50, 50, 50, 60, 60, 60]);
        let deep = decode(&file([1, 1], [16, 2], &[0, 1, 255, 2, 255, 3, 255])).unwrap();
        assert_eq!(deep.into_rgb8().into_raw(), [1, 2, 3]);
        let transparent = decode(&file([1, 1], [8, 6], &[0, 1, 2, 3, 0])).unwrap();
        assert_eq!(transparent.into_rgb8().into_raw(), [1, 2, 3]);
    }

    #[test]
    fn a_picture_that_is_not_whole_is_an_error() {
        let bytes = encode(&RgbImage::new(7, 5));
        for length in 0..bytes.len() - 12 {
            assert!(decode(&bytes[..length]).is_err(), "cut to {length}");
        }
        assert!(decode(&file([7, 6], [8, 2], &[0; 5 * 22])).is_err());
    }

    /// Ten gigabytes of pixels, from 160 bytes.
    #[test]
    fn huge_pictures_are_refused_before_they_are_decoded() {
        assert!(decode(&file([60_000, 60_000], [8, 2], &[0; 100])).unwrap_err().contains("more than"));
        assert!(decode(&file([u32::MAX, u32::MAX], [8, 2], &[0; 100])).unwrap_err().contains("more than"));
        assert!(decode(&file([70_000, 1], [8, 2], &[0; 100])).is_err());
    }

    /// Each of them says 1 by 1 where a careless reader looks.
    #[test]
    fn only_the_header_says_how_large_a_picture_is() {
        let small = [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0];
        let huge = file([60_000, 60_000], [16, 2], &[0; 100])[SIGNATURE.len()..].to_vec();
        let foreign = [SIGNATURE, &chunk(b"tEXt", &small), &huge].concat();
        assert!(decode(&foreign).unwrap_err().contains("60000 by 60000 pixels, more than"));
        let two = [SIGNATURE, &chunk(b"IHDR", &small), &huge].concat();
        assert!(decode(&two).unwrap_err().contains("a second header"));
        let long = [SIGNATURE, &chunk(b"IHDR", &[&small[..], &[0; 8]].concat())].concat();
        assert!(decode(&long).is_err());
        assert_eq!(decode(&[SIGNATURE, &chunk(b"IDAT", &small)].concat()).unwrap_err(), "it has no header");
        assert!(decode(SIGNATURE).is_err());
        // What stands before the header of an honest picture does no harm.
        let honest = file([1, 1], [8, 2], &[0, 1, 2, 3])[SIGNATURE.len()..].to_vec();
        assert!(decode(&[SIGNATURE, &chunk(b"tEXt", &small), &honest].concat()).is_ok());
    }
}
