//! Sums of depthwise layers.

use crate::geometry::Tap;

/// `add(sum, x, weight)` of all taps, channel by channel, with weights `[tap][channel]`. The sums of a block of channels
/// stay in registers meanwhile.
#[inline(always)]
pub(crate) fn add_taps<X: Copy, W: Copy>(
    taps: &[Tap],
    weights: &[W],
    x: &[X],
    sums: &mut [W],
    add: impl Fn(W, X, W) -> W,
) {
    // Wasm has no registers for as many.
    let done = if cfg!(target_family = "wasm") {
        0
    } else {
        add_blocks::<64, X, W>(taps, weights, x, (sums, 0), &add)
    };
    let done = add_blocks::<32, X, W>(taps, weights, x, (sums, done), &add);
    let done = add_blocks::<16, X, W>(taps, weights, x, (sums, done), &add);
    add_blocks::<1, X, W>(taps, weights, x, (sums, done), &add);
}

/// Whole blocks of channels, from channel `first` on; returns the channel behind them.
#[inline(always)]
fn add_blocks<const BLOCK: usize, X: Copy, W: Copy>(
    taps: &[Tap],
    weights: &[W],
    x: &[X],
    (sums, mut first): (&mut [W], usize),
    add: &impl Fn(W, X, W) -> W,
) -> usize {
    let channels = sums.len();
    for sums in sums[first..].as_chunks_mut::<BLOCK>().0 {
        let mut totals = *sums;
        for tap in taps {
            let x = &x[tap.offset + first..][..BLOCK];
            let weights = &weights[tap.index * channels + first..][..BLOCK];
            for lane in 0..BLOCK {
                totals[lane] = add(totals[lane], x[lane], weights[lane]);
            }
        }
        *sums = totals;
        first += BLOCK;
    }
    first
}
