//! Learning-rate schedules as data.

use std::f64::consts::PI;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// How the learning rate changes over a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// What the base rate is multiplied by as the training goes on.
    pub decay: Decay,
    /// What it is multiplied by besides in the first epochs.
    pub warm_up: WarmUp,
}

/// The course of the learning rate, apart from the warm-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Decay {
    /// The base rate throughout.
    Constant,
    /// Times `factor` after every `epochs` epochs.
    Step {
        /// Epochs between two changes.
        epochs: NonZeroU32,
        /// What each change multiplies by.
        factor: f64,
    },
    /// Times `factor` at the start of each epoch listed (counted from 0).
    MultiStep {
        /// The epochs, in any order.
        milestones: Vec<u32>,
        /// What each change multiplies by.
        factor: f64,
    },
    /// Half a cosine from the base rate at the end of the warm-up to 0 at the end of epoch `epochs`, changing with
    /// every step (Loshchilov and Hutter, "SGDR", 2017, without restarts).
    Cosine {
        /// Epochs of the whole training, the warm-up among them.
        epochs: NonZeroU32,
    },
}

/// The first epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum WarmUp {
    /// Nothing special.
    None,
    /// The rate rises with every step in a straight line from 0 through the first `epochs` epochs.
    Linear {
        /// Length of the rise.
        epochs: NonZeroU32,
    },
    /// The rate is multiplied by `factor` during the first `epochs` epochs (the original's resnet110: a tenth, one).
    Reduced {
        /// How long.
        epochs: NonZeroU32,
        /// What the rate is multiplied by.
        factor: f64,
    },
}

impl Schedule {
    /// The base rate throughout.
    pub const CONSTANT: Self = Self { decay: Decay::Constant, warm_up: WarmUp::None };

    /// The learning rate at `progress` (0 at its start, 1 at its end) through `epoch` (counted from 0).
    ///
    /// A pure function: a resumed training needs no state of its schedule.
    pub fn rate(&self, base_rate: f64, epoch: u32, progress: f64) -> f64 {
        let elapsed = f64::from(epoch) + progress.clamp(0.0, 1.0);
        base_rate
            * self.warm_up.factor(epoch, elapsed)
            * self.decay.factor(epoch, elapsed, self.warm_up.epochs())
    }
}

impl Decay {
    fn factor(&self, epoch: u32, elapsed: f64, warm_up_epochs: u32) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Step { epochs, factor } => power(*factor, (epoch / epochs.get()) as usize),
            Self::MultiStep { milestones, factor } => {
                power(*factor, milestones.iter().filter(|&&milestone| milestone <= epoch).count())
            }
            Self::Cosine { epochs } => {
                let warm_up = f64::from(warm_up_epochs);
                let length = (f64::from(epochs.get()) - warm_up).max(f64::MIN_POSITIVE);
                let position = ((elapsed - warm_up) / length).clamp(0.0, 1.0);
                0.5 * (1.0 + (PI * position).cos())
            }
        }
    }
}

impl WarmUp {
    fn epochs(&self) -> u32 {
        match self {
            Self::None => 0,
            Self::Linear { epochs } | Self::Reduced { epochs, .. } => epochs.get(),
        }
    }

    fn factor(&self, epoch: u32, elapsed: f64) -> f64 {
        match self {
            Self::Linear { epochs } => (elapsed / f64::from(epochs.get())).min(1.0),
            Self::Reduced { epochs, factor } if epoch < epochs.get() => *factor,
            Self::None | Self::Reduced { .. } => 1.0,
        }
    }
}

fn power(base: f64, exponent: usize) -> f64 {
    base.powi(i32::try_from(exponent).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    fn without_warm_up(decay: Decay) -> Schedule {
        Schedule { decay, warm_up: WarmUp::None }
    }

    /// Rates at the start of the given epochs.
    fn rates<const N: usize>(schedule: &Schedule, at: [u32; N]) -> [f64; N] {
        at.map(|epoch| schedule.rate(0.1, epoch, 0.0))
    }

    fn assert_close<const N: usize>(actual: [f64; N], expected: [f64; N]) {
        for (actual, expected) in actual.iter().zip(expected) {
            assert!((actual - expected).abs() < 1e-12, "{actual} is not {expected}");
        }
    }

    #[test]
    fn constant_never_changes() {
        assert_eq!(rates(&Schedule::CONSTANT, [0, 1, 1000]), [0.1; 3]);
    }

    #[test]
    fn cifar_changes_at_its_milestones() {
        let schedule = without_warm_up(Decay::MultiStep { milestones: vec![80, 120, 160, 180], factor: 0.1 });
        assert_close(
            rates(&schedule, [0, 79, 80, 119, 120, 160, 180, 199]),
            [0.1, 0.1, 0.01, 0.01, 1e-3, 1e-4, 1e-5, 1e-5],
        );
        assert_eq!(schedule.rate(0.1, 79, 1.0), 0.1, "steps fall between epochs");
    }

    #[test]
    fn imagenet_changes_every_thirty_epochs() {
        let schedule = without_warm_up(Decay::Step { epochs: epochs(30), factor: 0.1 });
        assert_close(rates(&schedule, [0, 29, 30, 59, 60, 89]), [0.1, 0.1, 0.01, 0.01, 1e-3, 1e-3]);
    }

    #[test]
    fn resnet110_starts_at_a_tenth_for_one_epoch() {
        let schedule = Schedule {
            decay: Decay::MultiStep { milestones: vec![80], factor: 0.1 },
            warm_up: WarmUp::Reduced { epochs: epochs(1), factor: 0.1 },
        };
        assert_close(rates(&schedule, [0, 1, 79, 80]), [0.01, 0.1, 0.1, 0.01]);
        assert_close([schedule.rate(0.1, 0, 0.99)], [0.01]);
    }

    #[test]
    fn cosine_falls_with_every_step() {
        let schedule = without_warm_up(Decay::Cosine { epochs: epochs(10) });
        assert_close(rates(&schedule, [0, 5, 10, 11]), [0.1, 0.05, 0.0, 0.0]);
        assert_close(
            [schedule.rate(0.1, 4, 1.0), schedule.rate(0.1, 2, 0.5)],
            [0.05, 0.05 * (1.0 + 0.5f64.sqrt())],
        );
        assert!(schedule.rate(0.1, 3, 0.5) < schedule.rate(0.1, 3, 0.4));
    }

    #[test]
    fn linear_warm_up_rises_and_the_cosine_begins_after_it() {
        let schedule = Schedule {
            decay: Decay::Cosine { epochs: epochs(12) },
            warm_up: WarmUp::Linear { epochs: epochs(2) },
        };
        assert_close(rates(&schedule, [0, 1, 2, 7, 12]), [0.0, 0.05, 0.1, 0.05, 0.0]);
        assert_close([schedule.rate(0.1, 0, 0.5)], [0.025]);
    }

    #[test]
    fn no_settings_give_a_rate_that_is_not_a_number() {
        let warm_ups = [
            WarmUp::None,
            WarmUp::Linear { epochs: epochs(5) },
            WarmUp::Reduced { epochs: epochs(9), factor: 0.5 },
        ];
        for warm_up in warm_ups {
            let schedule = Schedule { decay: Decay::Cosine { epochs: epochs(3) }, warm_up };
            for epoch in [0, 2, 3, 5, u32::MAX] {
                for progress in [-1.0, 0.0, 0.3, 1.0, 7.0] {
                    let rate = schedule.rate(0.1, epoch, progress);
                    assert!((0.0..=0.1).contains(&rate), "{rate}");
                }
            }
        }
    }

    #[test]
    fn goes_through_a_checkpoint() {
        let schedule = Schedule {
            decay: Decay::Step { epochs: epochs(5), factor: 0.1 },
            warm_up: WarmUp::Linear { epochs: epochs(2) },
        };
        let text = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&text).unwrap(), schedule);
        assert!(serde_json::from_str::<Decay>(r#"{"Step":{"epochs":0,"factor":0.1}}"#).is_err());
    }
}
