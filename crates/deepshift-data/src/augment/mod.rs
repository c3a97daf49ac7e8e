//! Random changes of the training pictures.

mod crop;
mod mix;
mod shift;

pub(crate) use crop::Region;

use crate::random::{coin, generator};
use crate::{Batch, Error};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

const PICTURE: &[u8; 16] = b"augment: picture";
const BATCH: &[u8; 16] = b"augment: batches";
/// From here on mixtures are half and half anyway.
const LARGEST_ALPHA: f64 = 1000.0;

/// How training pictures are changed at random, in this order. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Augmentation {
    /// Takes a random part of the picture, 8 % to all of its area, and resizes it (torchvision's `RandomResizedCrop`).
    pub resized_crop: bool,
    /// Adds so many black pixels on each side, then cuts out a part of the picture's size (torchvision's `RandomCrop`
    /// with padding).
    pub pad_and_crop: u8,
    /// Mirrors left and right half of the time.
    pub flip: bool,
    /// Alpha of mixup (Zhang et al. 2018): each picture is averaged with another one, weighed by a draw from
    /// Beta(alpha, alpha). 0 leaves it out.
    pub mixup: f64,
    /// Alpha of CutMix (Yun et al. 2019): a rectangle comes from another picture. 0 leaves it out; with mixup too each
    /// batch has one of both, equally likely.
    pub cutmix: f64,
}

impl Augmentation {
    /// Refuses numbers that mean nothing.
    ///
    /// # Errors
    /// [`Error::Settings`] if an alpha is negative, above 1000 or no number.
    pub fn check(&self) -> Result<(), Error> {
        for (name, alpha) in [("mixup", self.mixup), ("cutmix", self.cutmix)] {
            if !(0.0..=LARGEST_ALPHA).contains(&alpha) {
                return Err(Error::Settings(format!(
                    "the alpha of {name} must lie in 0..=1000, not {alpha}"
                )));
            }
        }
        Ok(())
    }
}

/// Where in a training random numbers are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub seed: u64,
    pub epoch: u32,
}

/// The random numbers of one picture in one epoch, and what they are for.
#[derive(Debug)]
pub struct Draws {
    augmentation: Augmentation,
    generator: ChaCha8Rng,
}

impl Draws {
    pub(crate) fn new(augmentation: Augmentation, moment: Moment, picture: u32) -> Self {
        Self { augmentation, generator: generator(PICTURE, moment.seed, moment.epoch, picture) }
    }

    /// The part to take of a picture of this height and width.
    pub(crate) fn region(&mut self, size: [usize; 2]) -> Option<Region> {
        self.augmentation.resized_crop.then(|| crop::random_region(size, &mut self.generator))
    }

    /// A picture `[channels, height, width]` of the input's size, changed in every way.
    pub(crate) fn apply<'a>(&mut self, image: &'a [u8], shape: [usize; 3]) -> Cow<'a, [u8]> {
        match self.region([shape[1], shape[2]]) {
            Some(region) => self.apply_rest(crop::resized(image, shape, region).into(), shape),
            None => self.apply_rest(image.into(), shape),
        }
    }

    /// What comes after the random part.
    pub(crate) fn apply_rest<'a>(&mut self, mut image: Cow<'a, [u8]>, shape: [usize; 3]) -> Cow<'a, [u8]> {
        let Augmentation { pad_and_crop, flip, .. } = self.augmentation;
        if pad_and_crop > 0 {
            image = shift::shifted(&image, shape, pad_and_crop, &mut self.generator).into();
        }
        if flip && coin(&mut self.generator) {
            shift::mirror(image.to_mut(), shape[2]);
        }
        image
    }
}

/// Mixes the pictures of a batch with each other.
pub(crate) fn mix(batch: &mut Batch, augmentation: &Augmentation, moment: Moment, number: u32) {
    let mut generator = generator(BATCH, moment.seed, moment.epoch, number);
    let Augmentation { mixup, cutmix, .. } = *augmentation;
    if cutmix > 0.0 && (mixup <= 0.0 || coin(&mut generator)) {
        mix::cutmix(batch, cutmix, &mut generator);
    } else if mixup > 0.0 {
        mix::mixup(batch, mixup, &mut generator);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_json_and_old_ones_change_nothing() {
        let augmentation =
            Augmentation { resized_crop: true, pad_and_crop: 4, flip: true, mixup: 0.2, cutmix: 1.0 };
        let json = serde_json::to_string(&augmentation).unwrap();
        assert_eq!(serde_json::from_str::<Augmentation>(&json).unwrap(), augmentation);
        assert_eq!(serde_json::from_str::<Augmentation>("{}").unwrap(), Augmentation::default());
    }

    #[test]
    fn impossible_alphas_are_refused() {
        for alpha in [-1.0, f64::NAN, f64::INFINITY, 1001.0] {
            assert!(Augmentation { mixup: alpha, ..Default::default() }.check().is_err());
            assert!(Augmentation { cutmix: alpha, ..Default::default() }.check().is_err());
        }
        assert!(Augmentation { mixup: 0.2, cutmix: 1.0, ..Default::default() }.check().is_ok());
    }

    #[test]
    fn draws_depend_on_seed_epoch_and_picture_only() {
        let image: Vec<u8> = (0..75).collect();
        let augmentation = Augmentation { pad_and_crop: 2, flip: true, ..Default::default() };
        let picture = |seed, epoch, picture| {
            Draws::new(augmentation, Moment { seed, epoch }, picture).apply(&image, [3, 5, 5]).into_owned()
        };
        assert_eq!(picture(1, 2, 3), picture(1, 2, 3));
        let others: Vec<_> = (0..20).map(|other| picture(1, 2, other)).collect();
        assert!(others.iter().any(|other| *other != others[0]));
        assert!((0..20).any(|epoch| picture(1, epoch, 3) != picture(1, 2, 3)));
        assert!((0..20).any(|seed| picture(seed, 2, 3) != picture(1, 2, 3)));
    }

    #[test]
    fn without_settings_the_picture_stays() {
        let image = [1, 2, 3, 4];
        let mut draws = Draws::new(Augmentation::default(), Moment { seed: 1, epoch: 1 }, 1);
        assert!(matches!(draws.apply(&image, [1, 2, 2]), Cow::Borrowed(same) if same == image));
    }
}
