//! A random part of a picture: torchvision's `RandomResizedCrop`.

use crate::random::{below, unit};
use deepshift_core::Interpolation;
use deepshift_core::resample::Axis;
use rand_chacha::ChaCha8Rng;

/// A rectangle of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    pub top: usize,
    pub left: usize,
    pub height: usize,
    pub width: usize,
}

impl Region {
    /// All of a picture of this height and width.
    #[cfg(not(target_family = "wasm"))]
    pub fn whole([height, width]: [usize; 2]) -> Self {
        Self { top: 0, left: 0, height, width }
    }

    /// How its rows and columns become so many.
    pub fn axes(&self, size: [usize; 2], interpolation: Interpolation) -> [Axis; 2] {
        let axis = |length: usize, wanted: usize| Axis::new(length, wanted as u64, 0..wanted, interpolation);
        [axis(self.height, size[0]), axis(self.width, size[1])]
    }
}

/// A part of a picture `[channels, height, width]` that lies in it, resized to the picture's size.
pub(super) fn resized(image: &[u8], shape: [usize; 3], region: Region) -> Vec<u8> {
    let [_, height, width] = shape;
    let [vertical, horizontal] = region.axes([height, width], Interpolation::Bilinear);
    let planes = image.chunks_exact(height * width).map(|plane| {
        let rows = plane.chunks_exact(width).skip(region.top).take(region.height);
        let cut: Vec<u8> =
            rows.flat_map(|row| &row[region.left..region.left + region.width]).copied().collect();
        vertical.columns(&horizontal.rows(&cut, region.width), width)
    });
    planes.collect::<Vec<_>>().concat()
}

/// Smallest and largest part of the picture's area.
const SCALE: [f64; 2] = [0.08, 1.0];
/// Smallest and largest width over height.
const RATIO: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];
/// How often a part that does not fit is drawn again.
const TRIES: usize = 10;

/// Part of a picture of this height and width: 8 % to all of its area, 3/4 to 4/3 as wide as high; around the centre where
/// none was found.
pub(super) fn random_region(size: [usize; 2], generator: &mut ChaCha8Rng) -> Region {
    (0..TRIES).find_map(|_| try_region(size, generator)).unwrap_or_else(|| central_region(size))
}

fn try_region([height, width]: [usize; 2], generator: &mut ChaCha8Rng) -> Option<Region> {
    let area = (height * width) as f64 * between(SCALE, generator);
    let ratio = between(RATIO.map(f64::ln), generator).exp();
    let [tall, wide] =
        [(area / ratio), (area * ratio)].map(|square| square.sqrt().round_ties_even() as usize);
    if tall == 0 || wide == 0 || tall > height || wide > width {
        return None;
    }
    let mut place = |room: usize| below(room as u32 + 1, generator) as usize;
    let top = place(height - tall);
    Some(Region { top, left: place(width - wide), height: tall, width: wide })
}

fn central_region([height, width]: [usize; 2]) -> Region {
    let ratio = width as f64 / height as f64;
    let rounded = |length: f64| (length.round_ties_even() as usize).max(1);
    let (tall, wide) = if ratio < RATIO[0] {
        (rounded(width as f64 / RATIO[0]), width)
    } else if ratio > RATIO[1] {
        (height, rounded(height as f64 * RATIO[1]))
    } else {
        (height, width)
    };
    Region { top: (height - tall) / 2, left: (width - wide) / 2, height: tall, width: wide }
}

fn between([low, high]: [f64; 2], generator: &mut ChaCha8Rng) -> f64 {
    low + (high - low) * unit(generator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn regions_lie_in_the_picture_and_look_as_they_should() {
        let mut areas = Vec::new();
        for thing in 0..2000 {
            let region = random_region([375, 500], &mut generator(&[0; 16], 1, 2, thing));
            assert!(region.top + region.height <= 375 && region.left + region.width <= 500, "{region:?}");
            let ratio = region.width as f64 / region.height as f64;
            // Sides are rounded to pixels.
            assert!((0.74..1.35).contains(&ratio), "{region:?}");
            areas.push((region.width * region.height) as f64 / (375.0 * 500.0));
        }
        areas.sort_by(f64::total_cmp);
        assert!(areas[0] > 0.079 && areas[1999] < 1.001);
        // Uniform but for large parts of the wrong shape, which are drawn again.
        assert!((0.40..0.54).contains(&areas[1000]), "{}", areas[1000]);
    }

    #[test]
    fn planes_are_cut_and_resized_as_pictures_are() {
        let image: Vec<u8> = (0..3 * 20 * 20).map(|place| (place * 37 % 251) as u8).collect();
        let region = Region { top: 3, left: 5, height: 12, width: 9 };
        let picture = image::RgbImage::from_fn(20, 20, |x, y| {
            image::Rgb([0, 1, 2].map(|channel| image[channel * 400 + (y * 20 + x) as usize]))
        });
        let [vertical, horizontal] = region.axes([20, 20], Interpolation::Bilinear);
        let expected = crate::resize::resize(&picture, region, &vertical, &horizontal);
        assert_eq!(resized(&image, [3, 20, 20], region), expected);
        let whole = Region::whole([20, 20]);
        assert_eq!(resized(&image, [3, 20, 20], whole), image);
    }

    #[test]
    fn narrow_pictures_give_their_middle() {
        assert_eq!(central_region([300, 30]), Region { top: 130, left: 0, height: 40, width: 30 });
        assert_eq!(central_region([30, 300]), Region { top: 0, left: 130, height: 30, width: 40 });
        assert_eq!(central_region([1, 1]), Region { top: 0, left: 0, height: 1, width: 1 });
        for size in [[1, 1], [1, 50_000], [50_000, 1], [2, 3]] {
            for thing in 0..50 {
                let region = random_region(size, &mut generator(&[0; 16], 1, 2, thing));
                assert!(region.height > 0 && region.top + region.height <= size[0]);
                assert!(region.width > 0 && region.left + region.width <= size[1]);
            }
        }
    }
}
