//! PNG files.

use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage};
use std::io::Cursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_png::PngDecoder;

pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The picture in a PNG file; what has 16 bits loses the lower 8.
///
/// # Errors
/// What is wrong with it, for a user to read.
pub(super) fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    check_size(bytes)?;
    let bytes = without_extras(bytes)?;
    let side = super::LONGEST_SIDE as usize;
    let options = DecoderOptions::default()
        .set_max_width(side)
        .set_max_height(side)
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

/// The chunks that make the picture. The decoder would unpack texts and color profiles of any length, which nobody reads.
fn without_extras(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut kept = SIGNATURE.to_vec();
    let mut rest = &bytes[SIGNATURE.len()..];
    while !rest.is_empty() {
        let length = rest.first_chunk().map(|length| u32::from_be_bytes(*length) as usize);
        // Length, name, content, checksum.
        let chunk = length.and_then(|length| rest.get(..length.checked_add(12)?));
        let chunk = chunk.ok_or("it ends in the middle of the picture")?;
        if matches!(&chunk[4..8], b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"IEND") {
            kept.extend(chunk);
        }
        rest = &rest[chunk.len()..];
        if &chunk[4..8] == b"IEND" {
            break;
        }
    }
    Ok(kept)
}

/// The first chunk holds width and height; the decoder allocates at most 8 bytes a pixel.
fn check_size(bytes: &[u8]) -> Result<(), String> {
    let side = |offset: usize| bytes.get(offset..)?.first_chunk().map(|side| u32::from_be_bytes(*side));
    let (Some(width), Some(height)) = (side(16), side(20)) else {
        return Err("it ends within its header".into());
    };
    if u64::from(width) * u64::from(height) > super::LARGEST / 8 {
        return Err(format!("{width} by {height} pixels are beyond the limit"));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write;

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
        assert!(decode(&file([60_000, 60_000], [8, 2], &[0; 100])).unwrap_err().contains("limit"));
        assert!(decode(&file([u32::MAX, u32::MAX], [8, 2], &[0; 100])).unwrap_err().contains("limit"));
        assert!(decode(&file([70_000, 1], [8, 2], &[0; 100])).is_err());
    }
}
