//! A picture moved a little, and its mirror image.

use crate::random::below;
use rand_chacha::ChaCha8Rng;

/// A part of the picture's size, cut out of the picture `[channels, height, width]` with a black border `padding` wide.
pub(super) fn shifted(image: &[u8], shape: [usize; 3], padding: u8, generator: &mut ChaCha8Rng) -> Vec<u8> {
    let positions = 2 * u32::from(padding) + 1;
    let [down, right] = [0; 2].map(|_: u32| below(positions, generator) as isize - isize::from(padding));
    moved(image, shape, down, right)
}

/// The picture seen from a place so far down and to the right; beyond its edges it is black.
fn moved(image: &[u8], [channels, height, width]: [usize; 3], down: isize, right: isize) -> Vec<u8> {
    let mut result = vec![0; image.len()];
    let columns = overlap(width, right);
    let source = columns.start.wrapping_add_signed(right);
    for channel in 0..channels {
        for row in overlap(height, down) {
            let to = (channel * height + row) * width;
            let from = (channel * height + row.wrapping_add_signed(down)) * width + source;
            result[to + columns.start..to + columns.end].copy_from_slice(&image[from..from + columns.len()]);
        }
    }
    result
}

/// The places of an axis whose source, `shift` further on, lies in the picture.
fn overlap(length: usize, shift: isize) -> std::ops::Range<usize> {
    let start = length.min((-shift).max(0) as usize);
    start..length.saturating_sub(shift.max(0) as usize).max(start)
}

/// Mirrors left and right.
pub(super) fn mirror(image: &mut [u8], width: usize) {
    image.chunks_exact_mut(width).for_each(<[u8]>::reverse);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn what_moves_in_is_black() {
        let image = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let moved = |down, right| moved(&image, [1, 3, 3], down, right);
        assert_eq!(moved(0, 0), image);
        assert_eq!(moved(1, 0), [4, 5, 6, 7, 8, 9, 0, 0, 0]);
        assert_eq!(moved(-1, 2), [0, 0, 0, 3, 0, 0, 6, 0, 0]);
        assert_eq!(moved(0, -3), [0; 9]);
        assert_eq!(moved(200, -200), [0; 9]);
    }

    #[test]
    fn channels_move_alike() {
        let image: Vec<u8> = (1..=8).collect();
        assert_eq!(moved(&image, [2, 2, 2], 0, 1), [2, 0, 4, 0, 6, 0, 8, 0]);
    }

    #[test]
    fn every_position_is_equally_likely() {
        let mut image = [0; 25];
        image[12] = 1;
        let mut counts = [0; 25];
        for thing in 0..9000 {
            let shifted = shifted(&image, [1, 5, 5], 1, &mut generator(&[0; 16], 1, 2, thing));
            counts[shifted.iter().position(|&byte| byte == 1).unwrap()] += 1;
        }
        let seen: Vec<i32> = counts.into_iter().filter(|&count| count > 0).collect();
        assert_eq!(seen.len(), 9);
        // Five standard deviations of a fair count.
        assert!(seen.iter().all(|count| (count - 1000).abs() < 150), "{seen:?}");
    }

    #[test]
    fn a_mirrored_picture_has_its_rows_reversed() {
        let mut image = [1, 2, 3, 4, 5, 6];
        mirror(&mut image, 3);
        assert_eq!(image, [3, 2, 1, 6, 5, 4]);
    }
}
