//! Layers computed at their place, without gathering: depthwise ones, and the naive comparison.

use crate::depthwise::add_taps;
use crate::geometry::{Geometry, Tap};
use crate::pack::{codes, terms};
use deepshift_core::ShiftWeight;

/// Depthwise weights `[tap][channel]`.
pub(super) struct DirectDot(Vec<i32>);

/// Depthwise codes `[tap][term][channel]`: left shift, all ones where negative, all ones where not zero.
pub(super) struct DirectShift {
    codes: Vec<[i32; 3]>,
    terms: usize,
}

/// Weights `[out][tap][in / groups]`.
pub(super) struct NaiveMultiply(Vec<i32>);

impl DirectDot {
    pub fn new(geometry: &Geometry, weight: &ShiftWeight) -> Self {
        Self(by_tap(geometry).map(|index| weight.integer(index)).collect())
    }

    /// Adds to the sums of one pixel.
    #[inline(always)]
    pub fn sums(&self, taps: &[Tap], x: &[i8], sums: &mut [i32]) {
        let add = |sum: i32, q: i8, weight: i32| sum.wrapping_add(i32::from(q) * weight);
        add_taps(taps, &self.0, x, sums, add);
    }
}

impl DirectShift {
    pub fn new(geometry: &Geometry, weight: &ShiftWeight) -> Self {
        let terms = terms(weight);
        let channels = geometry.conv.out_channels;
        let indices: Vec<usize> = by_tap(geometry).collect();
        let codes = indices
            .chunks(channels)
            .flat_map(|indices| (0..terms).flat_map(|term| indices.iter().map(move |&index| (index, term))))
            .map(|(index, term)| {
                let [shift, sign] = codes(weight, index)[term];
                [i32::from(shift), -i32::from(sign < 0), -i32::from(sign != 0)]
            })
            .collect();
        Self { codes, terms }
    }

    /// Adds to the sums of one pixel.
    #[inline(always)]
    pub fn sums(&self, taps: &[Tap], x: &[i8], sums: &mut [i32]) {
        let channels = sums.len();
        for &Tap { index, offset } in taps {
            let x = &x[offset..offset + channels];
            let start = index * self.terms * channels;
            for codes in self.codes[start..start + self.terms * channels].chunks_exact(channels) {
                for ((sum, &q), [shift, negative, used]) in sums.iter_mut().zip(x).zip(codes) {
                    let shifted = i32::from(q).wrapping_shl(*shift as u32);
                    *sum = sum.wrapping_add(((shifted ^ negative) - negative) & used);
                }
            }
        }
    }
}

impl NaiveMultiply {
    pub fn new(geometry: &Geometry, weight: &ShiftWeight) -> Self {
        let indices = (0..geometry.conv.out_channels)
            .flat_map(|channel| (0..geometry.fan_in()).map(move |k| geometry.weight_index(channel, k)));
        Self(indices.map(|index| weight.integer(index)).collect())
    }

    /// Adds to the sums of one pixel, one channel after the other.
    #[inline(always)]
    pub fn sums(&self, geometry: &Geometry, taps: &[Tap], x: &[i8], sums: &mut [i32]) {
        let (fan_in, each) = (geometry.fan_in(), geometry.conv.group_in());
        for (channel, sum) in sums.iter_mut().enumerate() {
            let weights = &self.0[channel * fan_in..(channel + 1) * fan_in];
            let group = channel / geometry.conv.group_out() * each;
            for &Tap { index, offset } in taps {
                let x = &x[offset + group..offset + group + each];
                for (weight, &q) in weights[index * each..(index + 1) * each].iter().zip(x) {
                    *sum = sum.wrapping_add(weight * i32::from(q));
                }
            }
        }
    }
}

/// Indices of a depthwise layer's weights, tap by tap.
fn by_tap(geometry: &Geometry) -> impl Iterator<Item = usize> + '_ {
    let channels = geometry.conv.out_channels;
    (0..geometry.fan_in())
        .flat_map(move |tap| (0..channels).map(move |channel| geometry.weight_index(channel, tap)))
}
