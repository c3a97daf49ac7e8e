//! The end of every integer operation: `y = clamp((((acc >> p) * M + B) >> r), lo, hi)`.

use crate::fixed::FixedPoint;
use serde::Serialize;

/// One rescaling of each output channel, or a single one for all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Epilogue {
    /// Number of rescalings: 1 or the number of channels.
    pub channels: usize,
    /// The rescalings; kept as bytes in the file.
    #[serde(skip)]
    pub rescales: Vec<Rescale>,
}

/// `M / 2^(p+r)` stands for the real factor; `B` carries offset and rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rescale {
    /// M.
    pub multiplier: i32,
    /// B.
    pub offset: i32,
    /// p, 0 to 31: applied to the accumulator before the multiplication, as an arithmetic shift.
    pub pre_shift: u8,
    /// r, 0 to 31: applied at the end.
    pub post_shift: u8,
}

/// What an epilogue stands for: `y = acc * factor + offset` in the integers of the result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Of the accumulator.
    pub factor: f64,
    /// Added to it.
    pub offset: f64,
    /// The accumulator's mean, or 0 where it is not known: there M, which is rounded, must not matter.
    pub mean: f64,
    /// The accumulator's largest magnitude.
    pub bound: i64,
    /// The result's.
    pub range: f64,
}

impl Rescale {
    /// Bytes of one rescaling in the file.
    pub const BYTES: usize = 10;

    /// The epilogue before the clamp. Within a passed [`proof`](super::Proof) nothing overflows.
    pub fn apply(self, acc: i32) -> i32 {
        (acc >> self.pre_shift).wrapping_mul(self.multiplier).wrapping_add(self.offset) >> self.post_shift
    }

    /// `((A >> p) + 1) * |M| + |B| < 2^31` and both shifts in range.
    pub fn is_safe(self, bound: i64) -> bool {
        self.pre_shift <= 31
            && self.post_shift <= 31
            && bound < 1 << 31
            && ((bound >> self.pre_shift) + 1) * i64::from(self.multiplier).abs()
                + i64::from(self.offset).abs()
                < 1 << 31
    }

    /// Chooses M, p, r and B: the choice with the smallest worst error that keeps the proof. `max_terms` limits M to a sum
    /// of so many signed powers of two. `None` where no choice is safe.
    pub fn choose(target: &Target, max_terms: Option<u32>) -> Option<Self> {
        if ![target.factor, target.offset, target.mean].iter().all(|x| x.is_finite())
            || target.bound >= 1 << 31
        {
            return None;
        }
        let mut best: Option<(f64, Self)> = None;
        for pre_shift in 0..=31u8 {
            for post_shift in 0..=31u8 {
                let Some(rescale) = Self::with_shifts(target, pre_shift, post_shift, max_terms) else {
                    continue;
                };
                if !rescale.is_safe(target.bound) {
                    continue;
                }
                let error = rescale.worst_error(target);
                if best.as_ref().is_none_or(|(least, _)| error < *least) {
                    best = Some((error, rescale));
                }
            }
        }
        best.map(|(_, rescale)| rescale)
    }

    fn with_shifts(target: &Target, pre_shift: u8, post_shift: u8, max_terms: Option<u32>) -> Option<Self> {
        let divisor = divisor(pre_shift, post_shift);
        let exact = target.factor * divisor;
        if exact.abs() > f64::from(i32::MAX) {
            return None;
        }
        let multiplier = match max_terms {
            Some(terms) => nearest_sum_of_powers(exact, terms),
            None => exact.round() as i64,
        };
        let unit = f64::from(u32::from(post_shift)).exp2();
        // The pre-shift rounds down and so loses (2^p - 1) / 2 on average; a final half makes `>> r` round to nearest.
        let floor_loss = (1.0 - (-f64::from(pre_shift)).exp2()) / 2.0;
        let half = if post_shift == 0 { 0.0 } else { unit / 2.0 };
        let offset = target.offset + (target.factor - multiplier as f64 / divisor) * target.mean;
        let offset = (offset * unit + multiplier as f64 * floor_loss + half).round();
        if offset.abs() > f64::from(i32::MAX) {
            return None;
        }
        Some(Self {
            multiplier: i32::try_from(multiplier).ok()?,
            offset: offset as i32,
            pre_shift,
            post_shift,
        })
    }

    /// Largest difference to `acc * factor` where the result is within `range`, in units of the result.
    fn worst_error(self, target: &Target) -> f64 {
        let &Target { factor, bound, range, .. } = target;
        let used = f64::from(self.multiplier) / divisor(self.pre_shift, self.post_shift);
        let reach = (bound as f64).min(if factor == 0.0 { 0.0 } else { range / factor.abs() });
        let from_multiplier = (used - factor).abs() * reach;
        let from_pre_shift = used.abs() * (f64::from(self.pre_shift).exp2() - 1.0) / 2.0;
        let from_post_shift = if self.post_shift == 0 { 0.5 } else { 0.0 };
        from_multiplier + from_pre_shift + from_post_shift
    }

    /// Signed powers of two that M is the sum of, as few as possible.
    pub fn multiplier_terms(self) -> u32 {
        signed_powers(i64::from(self.multiplier))
    }
}

/// What both shifts divide by.
fn divisor(pre_shift: u8, post_shift: u8) -> f64 {
    f64::from(u32::from(pre_shift) + u32::from(post_shift)).exp2()
}

/// Number of nonzero digits of the canonical signed-digit form (Reitwiesner 1960).
fn signed_powers(value: i64) -> u32 {
    let magnitude = value.unsigned_abs();
    (magnitude ^ (3 * magnitude)).count_ones()
}

/// The integer nearest to `exact` among greedy sums of at most `terms` signed powers of two.
fn nearest_sum_of_powers(exact: f64, terms: u32) -> i64 {
    let mut sum = 0i64;
    for _ in 0..terms {
        let rest = exact - sum as f64;
        if rest.abs() < 0.5 {
            break;
        }
        // The nearest power in value: between 2^n and 2^(n+1) the border is 1.5 * 2^n.
        let power = (rest.abs() / 1.5).log2().ceil().max(0.0).exp2() as i64;
        sum += if rest < 0.0 { -power } else { power };
    }
    sum
}

impl Epilogue {
    /// One rescaling for all channels or one for each.
    pub fn new(rescales: Vec<Rescale>) -> Self {
        Self { channels: rescales.len(), rescales }
    }

    /// The rescaling of a channel.
    pub fn channel(&self, channel: usize) -> Rescale {
        self.rescales[if self.rescales.len() == 1 { 0 } else { channel }]
    }

    /// The whole epilogue for one accumulator.
    pub fn apply(&self, acc: i32, channel: usize, format: FixedPoint) -> i32 {
        self.channel(channel).apply(acc).clamp(format.lowest, format.highest)
    }

    /// Whether every M is a sum of at most three signed powers of two.
    pub fn is_multiplier_free(&self) -> bool {
        self.rescales.iter().all(|rescale| rescale.multiplier_terms() <= 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(factor: f64, offset: f64, bound: i64) -> Target {
        Target { factor, offset, mean: 0.0, bound, range: 127.0 }
    }

    #[test]
    fn the_chosen_rescaling_is_close_and_safe() {
        for (factor, bound) in [(3.7e-4, 1_000_000), (0.9, 200), (-1.3e-5, 1 << 30), (1e-8, (1 << 31) - 1)] {
            let rescale = Rescale::choose(&target(factor, 3.25, bound), None).unwrap();
            assert!(rescale.is_safe(bound));
            let reach = (bound as f64).min(127.0 / factor.abs()) as i32;
            let steps = 1000.min(reach);
            for step in -steps..=steps {
                let acc = (i64::from(reach) * i64::from(step) / i64::from(steps)) as i32;
                let exact = f64::from(acc) * factor + 3.25;
                let error = (f64::from(rescale.apply(acc)) - exact).abs();
                assert!(error < 0.53, "{factor} {acc}: {error} with {rescale:?}");
            }
        }
    }

    #[test]
    fn a_rounded_multiplier_is_right_at_the_mean() {
        for mean in [-40_000.0, 0.0, 25_000.0] {
            // Three powers of two are a fiftieth off.
            let target = Target { mean, ..target(1.3714e-3, 7.0, 100_000) };
            let rescale = Rescale::choose(&target, Some(3)).unwrap();
            let error =
                |acc: f64| f64::from(rescale.apply(acc as i32)) - (acc * target.factor + target.offset);
            assert!(error(mean).abs() < 0.51, "{mean}: {}", error(mean));
            assert!(error(mean + 70_000.0).abs() > 0.9 && error(mean - 70_000.0).abs() > 0.9, "{mean}");
        }
    }

    #[test]
    fn what_cannot_be_safe_is_refused() {
        assert_eq!(Rescale::choose(&target(1.0, 0.0, 1 << 31), None), None);
        assert_eq!(Rescale::choose(&target(1.0, 1e12, 100), None), None);
        assert_eq!(Rescale::choose(&target(f64::NAN, 0.0, 100), None), None);
        let unsafe_one = Rescale { multiplier: 1 << 20, offset: 0, pre_shift: 0, post_shift: 0 };
        assert!(!unsafe_one.is_safe(1 << 11));
        assert!(unsafe_one.is_safe((1 << 11) - 2));
        assert!(!Rescale { pre_shift: 32, ..Rescale::default() }.is_safe(0));
    }

    #[test]
    fn three_powers_of_two_are_enough_for_two_digits() {
        for i in 1..2000 {
            let factor = f64::from(i) * 1.7e-6;
            let rescale = Rescale::choose(&target(factor, 0.0, 1 << 24), Some(3)).unwrap();
            assert!(rescale.multiplier_terms() <= 3);
            let used = f64::from(rescale.multiplier) / divisor(rescale.pre_shift, rescale.post_shift);
            // Greedy sums leave at most a third of the rest at each step.
            assert!((used / factor - 1.0).abs() <= 1.0 / 27.0, "{factor}: {used}");
        }
        assert_eq!([0, 1, 7, 11, -96, 85].map(signed_powers), [0, 1, 2, 3, 2, 4]);
    }
}
