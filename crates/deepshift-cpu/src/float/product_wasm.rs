//! Products of f32 matrices with the kernels of this crate: smaller than the `gemm` crate, and a page loads all code.

use crate::context::Context;
use crate::kernels::{PANEL, Rows};
use std::ops::Range;

/// Weights `[panel][depth][channel of the panel]`.
pub(super) struct Matrix {
    panels: Vec<f32>,
    depth: usize,
}

impl Matrix {
    /// Packs `[channel][depth]`.
    pub fn new(weights: Vec<f32>, depth: usize) -> Self {
        let channels = weights.len() / depth;
        let mut panels = vec![0.0; channels.next_multiple_of(PANEL) * depth];
        for (channel, weights) in weights.chunks_exact(depth).enumerate() {
            let start = channel / PANEL * PANEL * depth + channel % PANEL;
            for (k, &weight) in weights.iter().enumerate() {
                panels[start + k * PANEL] = weight;
            }
        }
        Self { panels, depth }
    }

    /// `out[row][channel] += sum over k of rows[row][k] * weights[channel][k]` for some of the channels, the first of
    /// which starts a panel.
    pub fn add_product(&self, context: Context, rows: &[f32], channels: Range<usize>, out: Strided) {
        let panels =
            &self.panels[channels.start * self.depth..channels.end.next_multiple_of(PANEL) * self.depth];
        let stride = channels.len().next_multiple_of(PANEL);
        let mut sums = vec![0.0; rows.len() / self.depth * stride];
        context.kernels.products(Rows { values: rows, depth: self.depth }, panels, &mut sums);
        for (out, sums) in out.values.chunks_mut(out.stride).zip(sums.chunks_exact(stride)) {
            for (out, sum) in out[..channels.len()].iter_mut().zip(sums) {
                *out += sum;
            }
        }
    }
}

/// A matrix whose rows are `stride` apart.
pub(super) struct Strided<'a> {
    pub values: &'a mut [f32],
    pub stride: usize,
}
