//! Each picture of a batch mixed with the one before it, the first with the last: torchvision's `MixUp` and `CutMix`.

use crate::batch::{Batch, Mix};
use crate::random::{below, unit};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};
use std::ops::Range;

/// Averages each picture with another, both weighed by the same draw for the whole batch.
pub(super) fn mixup(batch: &mut Batch, alpha: f64, generator: &mut ChaCha8Rng) {
    let share = share(alpha, generator) as f32;
    combine(batch, share, |image, other| {
        for (value, other) in image.iter_mut().zip(other) {
            *value = share * *value + (1.0 - share) * other;
        }
    });
}

/// Replaces a rectangle of each picture by that of another, the same for the whole batch.
pub(super) fn cutmix(batch: &mut Batch, alpha: f64, generator: &mut ChaCha8Rng) {
    let [_, _, height, width] = batch.shape;
    let half = 0.5 * (1.0 - share(alpha, generator)).sqrt();
    let columns = cut(width, half, generator);
    let rows = cut(height, half, generator);
    let share = 1.0 - (rows.len() * columns.len()) as f64 / (height * width).max(1) as f64;
    combine(batch, share as f32, |image, other| {
        for (plane, other) in image.chunks_exact_mut(height * width).zip(other.chunks_exact(height * width)) {
            for row in rows.clone() {
                let place = row * width + columns.start..row * width + columns.end;
                plane[place.clone()].copy_from_slice(&other[place]);
            }
        }
    });
}

/// What a picture keeps of itself.
fn share(alpha: f64, generator: &mut ChaCha8Rng) -> f64 {
    match Beta::new(alpha, alpha) {
        Ok(beta) => beta.sample(generator),
        // `Augmentation::check` refuses such an alpha.
        Err(_) => unit(generator),
    }
}

/// Part of an axis around a random place, `half` of its length to each side.
fn cut(length: usize, half: f64, generator: &mut ChaCha8Rng) -> Range<usize> {
    let center = below((length as u32).max(1), generator) as usize;
    let reach = (half * length as f64) as usize;
    center.saturating_sub(reach)..(center + reach).min(length)
}

/// Changes each picture by the one before it, as that was before the change.
fn combine(batch: &mut Batch, share: f32, change: impl Fn(&mut [f32], &[f32])) {
    let pictures = batch.labels.len();
    let each = batch.shape[1..].iter().product::<usize>();
    if pictures < 2 || each == 0 {
        return;
    }
    let last = batch.images[(pictures - 1) * each..].to_vec();
    for index in (1..pictures).rev() {
        let (before, image) = batch.images.split_at_mut(index * each);
        change(&mut image[..each], &before[(index - 1) * each..]);
    }
    change(&mut batch.images[..each], &last);
    let mut second = batch.labels.clone();
    second.rotate_right(1);
    batch.mix = Some(Mix { second, share: vec![share; pictures] });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    /// Pictures of 2 channels and 8 by 8 pixels; picture `n` is all `n`.
    fn batch(pictures: usize) -> Batch {
        Batch {
            images: (0..pictures).flat_map(|index| vec![index as f32; 128]).collect(),
            labels: (0..pictures as i32).collect(),
            shape: [pictures, 2, 8, 8],
            mix: None,
        }
    }

    #[test]
    fn mixup_weighs_a_picture_and_the_one_before() {
        let mut batch = batch(3);
        mixup(&mut batch, 1.0, &mut generator(&[1; 16], 1, 2, 3));
        let mix = batch.mix.unwrap();
        assert_eq!((batch.labels, mix.second), (vec![0, 1, 2], vec![2, 0, 1]));
        let share = mix.share[0];
        assert!(share > 0.0 && share < 1.0 && mix.share == [share; 3]);
        let expected = [(1.0 - share) * 2.0, share, share * 2.0 + (1.0 - share)];
        for (image, expected) in batch.images.chunks(128).zip(expected) {
            assert!(image.iter().all(|value| (value - expected).abs() < 1e-6), "{image:?} {expected}");
        }
    }

    #[test]
    fn cutmix_takes_as_much_as_it_says() {
        let mut seen = Vec::new();
        for thing in 0..50 {
            let mut batch = batch(3);
            cutmix(&mut batch, 1.0, &mut generator(&[1; 16], 1, 2, thing));
            let mix = batch.mix.unwrap();
            for (index, image) in batch.images.chunks(64).enumerate() {
                let own = image.iter().filter(|&&value| value == (index / 2) as f32).count();
                assert_eq!(own as f32 / 64.0, mix.share[index / 2]);
                let other = mix.second[index / 2] as f32;
                assert_eq!(own + image.iter().filter(|&&value| value == other).count(), 64);
            }
            seen.push(mix.share[0]);
        }
        assert!(seen.iter().any(|share| *share > 0.8) && seen.iter().any(|share| *share < 0.6), "{seen:?}");
    }

    /// Beta(alpha, alpha) has mean 1/2 and variance 1 / (4 (2 alpha + 1)).
    #[test]
    fn shares_follow_the_beta_distribution() {
        for alpha in [0.2, 1.0, 4.0] {
            let shares: Vec<f64> =
                (0..20_000).map(|thing| share(alpha, &mut generator(&[2; 16], 5, 6, thing))).collect();
            let mean = shares.iter().sum::<f64>() / 2e4;
            let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / 2e4;
            let expected = 0.25 / (2.0 * alpha + 1.0);
            assert!((mean - 0.5).abs() < 0.02, "{alpha}: {mean}");
            assert!((variance / expected - 1.0).abs() < 0.05, "{alpha}: {variance} {expected}");
        }
    }

    #[test]
    fn a_picture_alone_stays_as_it_is() {
        let mut alone = batch(1);
        mixup(&mut alone, 1.0, &mut generator(&[1; 16], 1, 2, 3));
        assert_eq!(alone, batch(1));
    }
}
