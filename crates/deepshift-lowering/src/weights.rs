//! Weights and parameters as kernels read them.

use crate::layer::{Geometry, Path};
use crate::network::bytes_of;
use deepshift_core::ShiftWeight;
use deepshift_core::bits::{get, pack};
use deepshift_core::integer::Epilogue;

/// Weights of `dot` as i8.
pub struct Planes {
    pub bytes: Vec<u8>,
    pub planes: usize,
}

/// Steps of `k` in a block of codes.
const BLOCK: usize = 8;

impl Planes {
    /// Splits integers into digits of base 256 between -128 and 127.
    pub fn new(geometry: &Geometry, weight: &ShiftWeight) -> Self {
        let integers = weight.integers();
        let planes = integers.iter().map(|&weight| digits(weight)).max().unwrap_or(1);
        let quads = geometry.output.quads();
        let input_quads = geometry.steps_of_tap(Path::Product) / 4;
        let mut words = Vec::with_capacity(geometry.conv.taps() * input_quads * quads * planes * 4);
        for step in 0..geometry.conv.taps() * input_quads {
            let (tap, quad) = (step / input_quads, step % input_quads);
            for output in 0..quads {
                let four = |plane: usize, channel: usize| {
                    let byte = |lane: usize| {
                        let index = index(geometry, 4 * output + channel, tap, 4 * quad + lane);
                        index.map_or(0, |index| digit(integers[index], plane))
                    };
                    u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
                };
                let plane_words = (0..planes).flat_map(|plane| (0..4).map(move |channel| (plane, channel)));
                words.extend(plane_words.map(|(plane, channel)| four(plane, channel)));
            }
        }
        Self { bytes: bytes_of(words), planes }
    }
}

/// Digit `plane` of the balanced base 256.
fn digit(mut weight: i32, plane: usize) -> u8 {
    for _ in 0..plane {
        weight = (weight - i32::from(weight as i8)) >> 8;
    }
    weight as u8
}

fn digits(weight: i32) -> usize {
    1 + (1..4).rev().find(|&plane| digit(weight, plane) != 0).unwrap_or(0)
}

/// Index of a weight, or `None` for what only pads quads.
fn index(geometry: &Geometry, channel: usize, tap: usize, input: usize) -> Option<usize> {
    (channel < geometry.conv.out_channels && input < geometry.conv.group_in())
        .then(|| geometry.weight_index(channel, tap, input))
}

/// Indices of `[k][output channel]`, both padded.
fn by_step(geometry: &Geometry, path: Path) -> impl Iterator<Item = [Option<usize>; 4]> + '_ {
    let steps = geometry.steps_of_tap(path);
    (0..geometry.conv.taps() * steps).flat_map(move |k| {
        (0..geometry.output.quads())
            .map(move |quad| [0, 1, 2, 3].map(|lane| index(geometry, 4 * quad + lane, k / steps, k % steps)))
    })
}

/// Packed codes, `[k / 8][output quad][term]` blocks of `[k % 8][channel]`.
pub fn codes(geometry: &Geometry, weight: &ShiftWeight, path: Path) -> Vec<u8> {
    let bits = weight.format.bits;
    let steps = geometry.steps_of_tap(path);
    let terms: Vec<&[u8]> =
        std::iter::once(weight.first.as_slice()).chain(weight.second.as_deref()).collect();
    let mut bytes = Vec::new();
    for block in 0..(geometry.conv.taps() * steps).div_ceil(BLOCK) {
        for quad in 0..geometry.output.quads() {
            for term in &terms {
                let mut codes = [0; 4 * BLOCK];
                for (position, code) in codes.iter_mut().enumerate() {
                    let (k, channel) = (block * BLOCK + position / 4, 4 * quad + position % 4);
                    let index = (k < geometry.conv.taps() * steps)
                        .then(|| index(geometry, channel, k / steps, k % steps))
                        .flatten();
                    *code = index.map_or(0, |index| get(term, bits, index));
                }
                bytes.extend(pack(&codes, bits));
            }
        }
    }
    bytes
}

/// f32 weights, `[k][output channel]`.
pub fn plain(geometry: &Geometry, values: &[f32], path: Path) -> Vec<u8> {
    bytes_of(
        by_step(geometry, path).flatten().map(|index| index.map_or(0.0, |index| values[index]).to_bits()),
    )
}

/// Weights of `naive-multiply`, `[output channel][tap][channel of the group]`; `word` gives one of PyTorch's order.
pub fn naive(geometry: &Geometry, word: impl Fn(usize) -> u32) -> Vec<u8> {
    let taps = (0..geometry.conv.out_channels)
        .flat_map(|channel| (0..geometry.conv.taps()).map(move |tap| (channel, tap)));
    bytes_of(taps.flat_map(|(channel, tap)| {
        let word = &word;
        (0..geometry.conv.group_in()).map(move |input| word(geometry.weight_index(channel, tap, input)))
    }))
}

/// M, B, p and r of four channels each.
pub fn rescales(epilogue: &Epilogue, channels: usize) -> Vec<u8> {
    let rescales: Vec<_> = (0..channels.next_multiple_of(4))
        .map(|channel| if channel < channels { epilogue.channel(channel) } else { Default::default() })
        .collect();
    bytes_of(rescales.chunks_exact(4).flat_map(|four| {
        let fields: [[u32; 4]; 4] = [
            [0, 1, 2, 3].map(|lane| four[lane].multiplier as u32),
            [0, 1, 2, 3].map(|lane| four[lane].offset as u32),
            [0, 1, 2, 3].map(|lane| u32::from(four[lane].pre_shift)),
            [0, 1, 2, 3].map(|lane| u32::from(four[lane].post_shift)),
        ];
        fields.into_iter().flatten()
    }))
}

/// Structs of several f32 fields, one for four channels; padding channels are 0.
pub fn fields(fields: &[&[f32]], channels: usize) -> Vec<u8> {
    bytes_of((0..channels.div_ceil(4)).flat_map(|quad| {
        fields.iter().flat_map(move |field| {
            (4 * quad..4 * quad + 4).map(|channel| field.get(channel).copied().unwrap_or(0.0).to_bits())
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_add_up_again() {
        for weight in
            [0, 1, -1, 127, 128, -128, -129, 1 << 14, 1 << 15, -(1 << 15), 1 << 16, -(1 << 16), 3 << 14]
        {
            let sum: i32 =
                (0..digits(weight)).map(|plane| i32::from(digit(weight, plane) as i8) << (8 * plane)).sum();
            assert_eq!(sum, weight);
        }
        assert_eq!([64, 128, -128, 1 << 14, -(1 << 15), 1 << 15].map(digits), [1, 2, 1, 2, 2, 3]);
    }
}
