//! Random numbers that depend on nothing but what they are for.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The numbers of one thing, such as a picture, in one epoch of a training. The `purpose` keeps them apart from others
/// drawn from the same seed.
pub(crate) fn generator(purpose: &[u8; 16], seed: u64, epoch: u32, thing: u32) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..12].copy_from_slice(&epoch.to_le_bytes());
    key[12..16].copy_from_slice(&thing.to_le_bytes());
    key[16..].copy_from_slice(purpose);
    ChaCha8Rng::from_seed(key)
}

/// A number below `bound`, each equally likely (Lemire, "Fast Random Integer Generation in an Interval", 2019).
pub(crate) fn below(bound: u32, generator: &mut ChaCha8Rng) -> u32 {
    let uneven = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(generator.next_u32()) * u64::from(bound);
        if product as u32 >= uneven {
            return (product >> 32) as u32;
        }
    }
}

/// True half of the time.
pub(crate) fn coin(generator: &mut ChaCha8Rng) -> bool {
    generator.next_u32() >> 31 == 1
}

/// A number from 0 up to but not including 1.
pub(crate) fn unit(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}
