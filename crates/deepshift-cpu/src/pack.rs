//! Weights as the kernels want them, packed once when an executor is made.

use crate::kernels::{BytePanels, Bytes, PANEL};
use deepshift_core::ShiftWeight;
use std::ops::Range;

/// Integer weights of one group for [`Kernels::dot`](crate::kernels::Kernels::dot) (i16) or
/// [`Kernels::dot_bytes`](crate::kernels::Kernels::dot_bytes) (i8):
/// `[panel][depth / STEP][channel of the panel][STEP]`.
///
/// Codes of type Q reach `2^15` and two terms together `2^16`, more than i16 holds; with 4 bits they reach `2^7`, more
/// than i8 holds. What an entry has too much lies in further entries at the end, whose activation is `repeated` there.
#[derive(Clone)]
pub(crate) struct DotWeights<T> {
    pub panels: Vec<T>,
    /// `fan_in`, the repeated entries and zeros up to a multiple of `STEP`.
    pub depth: usize,
    /// Indices of the activations that are repeated, in order, after the `fan_in` ordinary ones.
    pub repeated: Vec<usize>,
}

/// What a kernel multiplies by.
pub(crate) trait Part: Copy + Default + Into<i32> {
    /// Weights of a channel that lie together.
    const STEP: usize;

    /// The nearest weight that fits.
    fn saturated(weight: i32) -> Self;
}

impl Part for i16 {
    const STEP: usize = 2;

    fn saturated(weight: i32) -> Self {
        weight.clamp(Self::MIN.into(), Self::MAX.into()) as Self
    }
}

impl Part for i8 {
    const STEP: usize = 4;

    fn saturated(weight: i32) -> Self {
        weight.clamp(Self::MIN.into(), Self::MAX.into()) as Self
    }
}

impl<T: Part> DotWeights<T> {
    /// Packs `[channels][fan_in]` weights.
    pub fn new(weights: &[i32], fan_in: usize) -> Self {
        let repeated = repeated_entries::<T>(weights, fan_in);
        let depth = (fan_in + repeated.len()).next_multiple_of(T::STEP);
        let channels = weights.len() / fan_in;
        let mut panels = vec![T::default(); channels.next_multiple_of(PANEL) * depth];
        for (channel, weights) in weights.chunks_exact(fan_in).enumerate() {
            let start = channel / PANEL * PANEL * depth;
            let mut rest = weights.to_vec();
            for (position, k) in (0..fan_in).chain(repeated.iter().copied()).enumerate() {
                let part = T::saturated(rest[k]);
                rest[k] -= part.into();
                let lane = position / T::STEP * PANEL + channel % PANEL;
                panels[start + lane * T::STEP + position % T::STEP] = part;
            }
        }
        Self { panels, depth, repeated }
    }
}

impl DotWeights<i8> {
    /// Packs weights if bytes hold nearly all of them.
    pub fn of_small(weights: &[i32], fan_in: usize) -> Option<Self> {
        let largest = weights.iter().map(|weight| weight.unsigned_abs()).max().unwrap_or(0);
        if largest > 2 * i8::MAX as u32 {
            return None;
        }
        let packed = Self::new(weights, fan_in);
        (packed.repeated.len() <= fan_in / 4).then_some(packed)
    }
}

/// Weights of one byte, with all that a kernel wants.
pub(crate) struct ByteWeights {
    pub weights: DotWeights<i8>,
    pub chains: Vec<Vec<u32>>,
    starts: Vec<i32>,
}

impl ByteWeights {
    /// `None` where the kernel would not be faster with them than with two bytes.
    pub fn new(weights: DotWeights<i8>, bytes: Bytes) -> Option<Self> {
        let chains = match bytes {
            Bytes::SevenBits { chains: true } => chains(&weights)?,
            _ => Vec::new(),
        };
        let starts = match bytes {
            Bytes::Offset => starts(&weights),
            Bytes::SevenBits { .. } | Bytes::Signed => Vec::new(),
        };
        Some(Self { weights, chains, starts })
    }

    /// The panels of some channels, the first of which starts a panel.
    pub fn panels(&self, channels: Range<usize>) -> BytePanels<'_> {
        let channels = channels.start..channels.end.next_multiple_of(PANEL);
        let DotWeights { panels, depth, .. } = &self.weights;
        BytePanels {
            panels: &panels[channels.start * depth..channels.end * depth],
            chains: self.chains.get(channels.start / PANEL..channels.end / PANEL).unwrap_or_default(),
            starts: self.starts.get(channels).unwrap_or_default(),
        }
    }

    /// Makes gathered activations what the kernel takes.
    #[inline(always)]
    pub fn prepare(&self, activations: &mut [i8]) {
        if !self.starts.is_empty() {
            activations.iter_mut().for_each(|q| *q ^= i8::MIN);
        }
    }
}

/// What the sums of each channel start with where 128 is added to every activation: `-128 * sum of W`, wrapping.
fn starts(weights: &DotWeights<i8>) -> Vec<i32> {
    let panels = weights.panels.chunks_exact(PANEL * weights.depth);
    panels
        .flat_map(|panel| {
            (0..PANEL).map(|channel| {
                let fours = panel.chunks_exact(i8::STEP).skip(channel).step_by(PANEL);
                fours.flatten().fold(0i32, |start, &weight| start.wrapping_sub(128 * i32::from(weight)))
            })
        })
        .collect()
}

/// How far a kernel may add up products with 7-bit activations in i16, for each panel: the sums of `STEP / 2` neighbours,
/// taken together at `k`, `k + STEP`, ..., fit up to each of these ends, the last of which is the depth. `None` where
/// the chains would be too short to be worth it.
fn chains(weights: &DotWeights<i8>) -> Option<Vec<Vec<u32>>> {
    let panels = weights.panels.chunks_exact(PANEL * weights.depth);
    let chains: Vec<Vec<u32>> = panels.map(panel_chains).collect();
    let links = chains.len() * weights.depth / i8::STEP;
    let worthwhile = chains.iter().map(Vec::len).sum::<usize>() * SHORTEST_CHAIN <= links;
    worthwhile.then_some(chains)
}

/// Mean length from which on bytes are faster than i16.
const SHORTEST_CHAIN: usize = 3;

/// The sum of weights of one sign whose products with activations up to 127 fit i16.
const LARGEST_CHAIN: i32 = i16::MAX as i32 / i8::MAX as i32;

fn panel_chains(panel: &[i8]) -> Vec<u32> {
    // Of each pair of neighbours of each channel: the sums of positive and of negative weights.
    let mut sums = [[0i32; 2]; PANEL * i8::STEP / 2];
    let mut ends = Vec::new();
    for (link, weights) in panel.chunks_exact(PANEL * i8::STEP).enumerate() {
        let mut next = sums;
        for (sums, pair) in next.iter_mut().zip(weights.chunks_exact(2)) {
            for &weight in pair {
                sums[usize::from(weight < 0)] += i32::from(weight).abs();
            }
        }
        if next.as_flattened().iter().any(|&sum| sum > LARGEST_CHAIN) {
            if link > 0 {
                ends.push((link * i8::STEP) as u32);
            }
            for (next, sums) in next.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
                *next -= sums;
            }
        }
        sums = next;
    }
    ends.push((panel.len() / PANEL) as u32);
    ends
}

/// The entries in which some channel's weight does not fit, as often as it takes.
fn repeated_entries<T: Part>(weights: &[i32], fan_in: usize) -> Vec<usize> {
    let mut most = vec![1; fan_in];
    for weights in weights.chunks_exact(fan_in) {
        for (most, &weight) in most.iter_mut().zip(weights) {
            *most = parts::<T>(weight).max(*most);
        }
    }
    most.iter().enumerate().flat_map(|(k, parts)| std::iter::repeat_n(k, parts - 1)).collect()
}

/// How many parts a weight is the sum of, taking as much as possible each time.
fn parts<T: Part>(mut weight: i32) -> usize {
    let mut parts = 1;
    while weight != T::saturated(weight).into() {
        weight -= T::saturated(weight).into();
        parts += 1;
    }
    parts
}

/// Shift codes of one group for [`Kernels::shift`](crate::kernels::Kernels::shift):
/// `[panel][k][term][left shift or sign][channel of the panel]`.
pub(crate) struct ShiftCodes {
    pub panels: Vec<i8>,
    pub depth: usize,
    pub terms: usize,
}

impl ShiftCodes {
    /// Packs the codes of weights `[channels][fan_in]`, given as indices into the weight.
    pub fn new(weight: &ShiftWeight, indices: &[usize], fan_in: usize) -> Self {
        let terms = terms(weight);
        let channels = indices.len() / fan_in;
        let mut panels = vec![0; channels.next_multiple_of(PANEL) * fan_in * terms * 2];
        for (position, &index) in indices.iter().enumerate() {
            let (channel, k) = (position / fan_in, position % fan_in);
            for (term, [shift, sign]) in codes(weight, index).into_iter().take(terms).enumerate() {
                let step = (channel / PANEL * fan_in + k) * terms + term;
                let lane = step * 2 * PANEL + channel % PANEL;
                (panels[lane], panels[lane + PANEL]) = (shift, sign);
            }
        }
        Self { panels, depth: fan_in, terms }
    }
}

/// Codes that a weight has.
pub(crate) fn terms(weight: &ShiftWeight) -> usize {
    1 + usize::from(weight.second.is_some())
}

/// Left shift (`kmax - k`) and sign of both terms.
pub(crate) fn codes(weight: &ShiftWeight, index: usize) -> [[i8; 2]; 2] {
    weight.terms(index).map(|term| [(weight.format.kmax() - term.k) as i8, term.sign])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overflows_i16_is_split() {
        let weights = [1 << 16, (1 << 15) + (1 << 14), -(1 << 16), 1 << 15, -(1 << 15), 32767, 0];
        assert_eq!(weights.map(parts::<i16>), [3, 2, 2, 2, 1, 1, 1]);
        let packed = DotWeights::<i16>::new(&[1, 1 << 15, 3, 4, 5, -(1 << 15) - 7], 3);
        assert_eq!((packed.depth, packed.repeated), (6, vec![1, 2]));
        let channel = |index: usize| -> Vec<i16> {
            packed
                .panels
                .chunks(2 * PANEL)
                .flat_map(|pairs| pairs[2 * index..2 * index + 2].to_vec())
                .collect()
        };
        assert_eq!(channel(0), [1, 32767, 3, 1, 0, 0]);
        assert_eq!(channel(1), [4, 5, -32768, 0, -7, 0]);
    }

    #[test]
    fn bytes_hold_four_bits() {
        let packed = DotWeights::of_small(&[64, -64, 128, -128, 1, 0, 0, 2], 4).unwrap();
        assert_eq!((packed.depth, packed.repeated), (8, vec![2]));
        assert_eq!(packed.panels[..8], [64, -64, 127, -128, 1, 0, 0, 2]);
        assert_eq!(packed.panels[4 * PANEL..][..5], [1, 0, 0, 0, 0]);
        assert!(DotWeights::of_small(&[128, 128, 1, 1], 4).is_none());
        assert!(DotWeights::of_small(&[256, 0, 0, 0], 4).is_none());
    }

    #[test]
    fn chains_end_before_i16_overflows() {
        // Pairs of 64 and 64: two of them are 256, three 384.
        let packed = DotWeights::of_small(&[64; 24], 24).unwrap();
        assert_eq!(panel_chains(&packed.panels), [8, 16, 24]);
        assert!(chains(&packed).is_none(), "two links are too short");
        // Signs apart: what is positive must fit even if all that is negative meets zeros.
        let mixed: Vec<i32> = (0..24).map(|k| if k % 2 == 0 { 64 } else { -64 }).collect();
        assert_eq!(panel_chains(&DotWeights::of_small(&mixed, 24).unwrap().panels), [16, 24]);
        let small = DotWeights::of_small(&[8; 200], 200).unwrap();
        assert_eq!(chains(&small).unwrap(), [[64, 128, 192, 200]]);
        let largest = DotWeights::of_small(&[-128; 8], 8).unwrap();
        assert_eq!(panel_chains(&largest.panels), [4, 8]);
    }
}
