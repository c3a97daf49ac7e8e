//! Pictures of any size as the bytes that a network takes.

use super::Preprocessing;
use super::resample::Axis;
use crate::{Error, Result};

/// Longest side of a picture, before and after resizing and as the input, in pixels.
pub(super) const MAX_SIDE: usize = 1 << 16;

/// The part of the resized picture that becomes the input, along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Crop {
    /// Pixels of the given picture.
    size: usize,
    /// Pixels after resizing: of the longer side up to the square of [`MAX_SIDE`], which 32 bits do not hold.
    resized: u64,
    /// Pixels of the input.
    length: usize,
}

impl Preprocessing {
    /// A picture of RGBA bytes, row by row, as the input's bytes `[channels, height, width]`: to the bit what
    /// torchvision's `Resize` and `CenterCrop` give on a Pillow picture. Alpha is ignored, as by Pillow's
    /// `convert("RGB")`; a network of one channel sees `convert("L")`.
    ///
    /// Errors: bytes that do not fill the picture, an empty picture, a side above 65,536 of picture or input, an input
    /// that is not `[1 or 3, height, width]`.
    pub fn picture(
        &self,
        rgba: &[u8],
        width: usize,
        height: usize,
        input_shape: &[usize],
    ) -> Result<Vec<u8>> {
        let [vertical, horizontal] = self.axes([height, width], input_shape)?;
        if rgba.is_empty() || (width as u64 * height as u64).checked_mul(4) != Some(rgba.len() as u64) {
            return Err(Error::argument(format!("{} bytes for {width}x{height} pixels of RGBA", rgba.len())));
        }
        let (channels, columns) = (input_shape[0], input_shape[2]);
        let planes = (0..channels).map(|channel| {
            let seen = vertical.seen();
            let pixels = rgba[seen.start * width * 4..seen.end * width * 4].chunks_exact(4);
            let plane: Vec<u8> = match channels {
                1 => pixels.map(luma).collect(),
                _ => pixels.map(|pixel| pixel[channel]).collect(),
            };
            vertical.columns(&horizontal.rows(&plane, width), columns)
        });
        Ok(planes.collect::<Vec<_>>().concat())
    }

    /// How the rows and the columns of a picture of this height and width are resized and cropped to the input.
    ///
    /// Errors: as [`picture`](Self::picture).
    pub fn axes(&self, size: [usize; 2], input_shape: &[usize]) -> Result<[Axis; 2]> {
        let &[1 | 3, rows, columns] = input_shape else {
            return Err(Error::argument(format!("a network of input {input_shape:?} takes no pictures")));
        };
        let [height, width] = size;
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(Error::Limit(format!("a picture of {width}x{height} pixels: at most 65536 a side")));
        }
        if rows > MAX_SIDE || columns > MAX_SIDE {
            return Err(Error::Limit(format!("an input of {columns}x{rows} pixels: at most 65536 a side")));
        }
        if width == 0 || height == 0 {
            return Err(Error::argument(format!("a picture of {width}x{height} pixels is empty")));
        }
        let axis = |crop: Crop| Axis::new(crop.size, crop.resized, crop.range(), self.interpolation);
        Ok(crops(size, [rows, columns], self.resize).map(axis))
    }
}

/// ITU-R 601-2, as Pillow's `convert("L")`.
fn luma(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [0, 1, 2].map(|channel| u32::from(pixel[channel]));
    ((red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16) as u8
}

/// Of a picture of this height and width for an input of that height and width.
fn crops(size: [usize; 2], input: [usize; 2], resize: Option<u32>) -> [Crop; 2] {
    let scaled =
        |axis: usize, part: usize, whole: usize| (size[axis] as u64 * part as u64 / whole as u64).max(1);
    let resized = match resize {
        Some(side) => {
            let shorter = size[0].min(size[1]);
            [0, 1].map(|axis| {
                if size[axis] == shorter { u64::from(side) } else { scaled(axis, side as usize, shorter) }
            })
        }
        // The axis that the input takes up whole decides.
        None if input[0] as u64 * size[1] as u64 >= input[1] as u64 * size[0] as u64 => {
            [input[0] as u64, scaled(1, input[0], size[0])]
        }
        None => [scaled(0, input[1], size[1]), input[1] as u64],
    };
    [0, 1].map(|axis| Crop { size: size[axis], resized: resized[axis], length: input[axis] })
}

impl Crop {
    /// Of the resized picture; half a pixel is rounded to even, as torchvision does.
    fn range(self) -> std::ops::Range<usize> {
        let margin = self.resized.saturating_sub(self.length as u64);
        // Half of at most 2^32: it fits everywhere.
        let start = (if margin % 4 == 3 { margin.div_ceil(2) } else { margin / 2 }) as usize;
        start..start + self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crop_fits_into_the_resized_picture() {
        for size in 1..40 {
            for other in 1..40 {
                for (input, resize) in [([8, 8], None), ([5, 9], None), ([8, 8], Some(11)), ([7, 8], Some(8))]
                {
                    for crop in crops([size, other], input, resize) {
                        assert!(crop.range().end as u64 <= crop.resized, "{size}x{other}: {crop:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn margins_are_halved_as_python_rounds() {
        let start = |resized| Crop { size: 1, resized, length: 10 }.range().start;
        assert_eq!([10, 11, 12, 13, 14, 15, 17].map(start), [0, 0, 1, 2, 2, 2, 4]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let gray = Preprocessing::new(vec![0.0], vec![1.0]);
        assert!(matches!(gray.picture(&[0; 16], 2, 3, &[1, 2, 2]), Err(Error::BadArgument(_))));
        assert!(matches!(gray.picture(&[], 0, 3, &[1, 2, 2]), Err(Error::BadArgument(_))));
        assert!(matches!(gray.picture(&[0; 16], 2, 2, &[4]), Err(Error::BadArgument(_))));
        assert!(matches!(gray.picture(&[0; 16], 1 << 17, 2, &[1, 2, 2]), Err(Error::Limit(_))));
        let huge = gray.picture(&[0; 4], usize::MAX / 2, usize::MAX / 2, &[1, 2, 2]);
        assert!(matches!(huge, Err(Error::Limit(_))));
    }

    #[test]
    fn sides_are_bounded_and_the_largest_do_not_wrap() {
        let resize = |side| Preprocessing { resize: Some(side), ..Preprocessing::new(vec![0.0], vec![1.0]) };
        assert_eq!(resize(1 << 16).check(&[1, 2, 2]), Ok(()));
        for side in [1, (1 << 16) + 1, u32::MAX] {
            assert!(resize(side).check(&[1, 2, 2]).is_err(), "{side}");
        }
        let [rows, columns] = crops([1 << 16, 1], [2, 2], Some(1 << 16));
        assert_eq!((rows.resized, columns.resized), (1 << 32, 1 << 16));
        assert_eq!(rows.range(), (1 << 31) - 1..(1 << 31) + 1);
        // Next to the middle of 65,536 rows, where 127 becomes 128.
        let column: Vec<u8> = (0..1 << 16).flat_map(|row: u32| [(row >> 8) as u8; 4]).collect();
        let seen = resize(1 << 16).picture(&column, 1, 1 << 16, &[1, 2, 2]).unwrap();
        assert_eq!(seen, [127, 127, 128, 128]);
        let wide = Preprocessing::new(vec![0.0], vec![1.0]).picture(&[0; 4], 1, 1, &[1, 1, 1 << 17]);
        assert!(matches!(wide, Err(Error::Limit(_))));
    }

    #[test]
    fn a_picture_of_the_inputs_size_stays_as_it_is() {
        let bytes: Vec<u8> = (0..4 * 6 * 5).map(|i| (i * 37 % 251) as u8).collect();
        let color = Preprocessing::new(vec![0.0; 3], vec![1.0; 3]);
        let planes = color.picture(&bytes, 6, 5, &[3, 5, 6]).unwrap();
        for channel in 0..3 {
            let expected: Vec<u8> = bytes.chunks(4).map(|pixel| pixel[channel]).collect();
            assert_eq!(planes[channel * 30..(channel + 1) * 30], expected);
        }
        let white = Preprocessing::new(vec![0.0], vec![1.0]).picture(&[255; 16], 2, 2, &[1, 1, 1]);
        assert_eq!(white.unwrap(), [255]);
    }
}
