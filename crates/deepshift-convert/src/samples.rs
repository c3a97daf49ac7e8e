//! What a layer sees and gives at some of its output pixels.

use crate::Result;
use crate::layer::Layer;
use crate::moments::{Moments, Sums};
use crate::walk::{Chunk, Networks};
use deepshift_core::mix;
use rayon::prelude::*;

/// Output pixels of a picture that count, where channels mix and where each has its own kernel.
const PIXELS: usize = 400;
const DEPTHWISE_PIXELS: usize = 64;

/// Values of samples that are held at a time, about.
const HELD: usize = 1 << 25;

/// Of one chunk of pictures: for each group one pixel after the other.
struct Samples {
    /// Patches in the converted network.
    x: Vec<f32>,
    /// The layer's outputs in the float network, without their bias.
    y: Vec<f32>,
}

/// The moments of each group of the layer's channels, over all pictures, which are taken up to the layer.
pub(crate) fn gather(networks: &Networks, chunks: &mut [Chunk], layer: &Layer) -> Result<Vec<Moments>> {
    let patches = &layer.patches;
    let (fan_in, channels) = (patches.fan_in(), patches.group_channels());
    let depthwise = patches.groups() > 1 && channels == 1;
    let pixels = patches.pixels().min(if depthwise { DEPTHWISE_PIXELS } else { PIXELS });
    let mut sums: Vec<Sums> = (0..patches.groups()).map(|_| Sums::new(fan_in, channels)).collect();
    let values = chunks.first().map_or(1, |chunk| chunk.pictures) * pixels * (fan_in + channels) * sums.len();
    for chunks in chunks.chunks_mut((HELD / values.max(1)).clamp(2, 64)) {
        let samples = chunks.par_iter_mut().map(|chunk| {
            let pixels = spread(chunk, layer, pixels);
            networks.advance(chunk, layer.node, |values, float| Samples {
                x: patches.gather(&values[&layer.operand].converted, &pixels),
                y: outputs(layer, &pixels, float),
            })
        });
        let samples: Vec<Samples> = samples.collect::<Result<_>>()?;
        let groups = sums.len();
        sums.par_iter_mut().enumerate().for_each(|(group, sums)| {
            let joined = |side: fn(&Samples) -> &[f32]| -> Vec<f32> {
                let of_group = |samples| {
                    let values = side(samples);
                    let each = values.len() / groups;
                    &values[group * each..(group + 1) * each]
                };
                samples.iter().map(of_group).collect::<Vec<_>>().concat()
            };
            sums.add(&joined(|samples| &samples.x), &joined(|samples| &samples.y));
        });
    }
    Ok(sums.into_iter().map(Sums::moments).collect())
}

fn outputs(layer: &Layer, pixels: &[usize], float: &[f32]) -> Vec<f32> {
    let (all, each) = (layer.bias.len(), layer.patches.group_channels());
    let mut outputs = Vec::with_capacity(pixels.len() * all);
    for start in (0..all).step_by(each) {
        let bias = &layer.bias[start..start + each];
        for &pixel in pixels {
            let values = &float[pixel * all + start..][..each];
            outputs.extend(values.iter().zip(bias).map(|(y, bias)| y - bias));
        }
    }
    outputs
}

/// So many output pixels of each of the chunk's pictures: evenly spread, each a little off by chance.
fn spread(chunk: &Chunk, layer: &Layer, count: usize) -> Vec<usize> {
    let all = layer.patches.pixels();
    let step = all as f64 / count as f64;
    let pixel = |picture: usize, index: usize| {
        let seed = ((layer.node as u64) << 40) ^ ((picture as u64) << 20) ^ index as u64;
        let offset = if count < all { uniform(seed) } else { 0.0 };
        (((index as f64 + offset) * step) as usize).min(all - 1)
    };
    let pictures = 0..chunk.pictures;
    pictures
        .flat_map(|within| (0..count).map(move |index| within * all + pixel(chunk.first + within, index)))
        .collect()
}

/// Uniform in `[0, 1)`.
fn uniform(seed: u64) -> f64 {
    (mix(seed) >> 11) as f64 / (1u64 << 53) as f64
}
