//! Weights as the kernels want them, packed once when an executor is made.

use crate::kernels::PANEL;
use deepshift_core::ShiftWeight;

/// Integer weights of one group for [`Kernels::dot`](crate::kernels::Kernels::dot):
/// `[panel][depth / 2][channel of the panel][2]`.
///
/// Codes of type Q reach `2^15` and two terms together `2^16`, more than i16 holds. What an entry has too much lies in
/// further entries at the end, whose activation is `repeated` there.
pub(crate) struct DotWeights {
    pub panels: Vec<i16>,
    /// `fan_in`, the repeated entries and perhaps one of zeros, to be even.
    pub depth: usize,
    /// Indices of the activations that are repeated, in order, after the `fan_in` ordinary ones.
    pub repeated: Vec<usize>,
}

impl DotWeights {
    /// Packs `[channels][fan_in]` weights.
    pub fn new(weights: &[i32], fan_in: usize) -> Self {
        let repeated = repeated_entries(weights, fan_in);
        let depth = (fan_in + repeated.len()).next_multiple_of(2);
        let channels = weights.len() / fan_in;
        let mut panels = vec![0; channels.next_multiple_of(PANEL) * depth];
        for (channel, weights) in weights.chunks_exact(fan_in).enumerate() {
            let start = channel / PANEL * PANEL * depth;
            let mut rest = weights.to_vec();
            for (position, k) in (0..fan_in).chain(repeated.iter().copied()).enumerate() {
                let part = saturated(rest[k]);
                rest[k] -= i32::from(part);
                panels[start + (position / 2 * PANEL + channel % PANEL) * 2 + position % 2] = part;
            }
        }
        Self { panels, depth, repeated }
    }
}

/// The entries in which some channel's weight does not fit into i16, as often as it takes.
fn repeated_entries(weights: &[i32], fan_in: usize) -> Vec<usize> {
    let column = |k: usize| weights.iter().skip(k).step_by(fan_in);
    (0..fan_in)
        .flat_map(|k| {
            let parts = column(k).map(|&weight| parts(weight)).max().unwrap_or(1);
            std::iter::repeat_n(k, parts - 1)
        })
        .collect()
}

/// How many i16 a weight is the sum of, taking as much as possible each time.
fn parts(mut weight: i32) -> usize {
    let mut parts = 1;
    while weight != i32::from(saturated(weight)) {
        weight -= i32::from(saturated(weight));
        parts += 1;
    }
    parts
}

fn saturated(weight: i32) -> i16 {
    weight.clamp(i16::MIN.into(), i16::MAX.into()) as i16
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
        assert_eq!(weights.map(parts), [3, 2, 2, 2, 1, 1, 1]);
        let packed = DotWeights::new(&[1, 1 << 15, 3, 4, 5, -(1 << 15) - 7], 3);
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
}
