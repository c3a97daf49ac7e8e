//! The loop over register tiles that kernels share.
#![allow(dead_code, reason = "not every build has kernels that use all of it")]

use super::{PANEL, Rows};

/// What a kernel multiplies: rows of activations and panels of weights, and where the sums go.
pub(super) struct Operands<'a, T, W, S> {
    pub rows: Rows<'a, T>,
    pub panels: &'a [W],
    /// Elements of a panel.
    pub panel_length: usize,
    /// Channels that are needed, of all panels.
    pub channels: usize,
    /// `[rows, panels * PANEL]`.
    pub sums: &'a mut [S],
}

/// Some rows, one panel of weights and where their sums belong: the first of rows that are `stride` apart.
pub(super) struct Tile<'a, T, W, S> {
    /// Of the panel.
    pub index: usize,
    /// `[height, depth]`.
    pub rows: &'a [T],
    pub height: usize,
    pub depth: usize,
    pub panel: &'a [W],
    /// They reach `PANEL` beyond the start of the last row.
    pub sums: &'a mut [S],
    pub stride: usize,
    /// Channels of the panel that are needed, at least one.
    pub channels: usize,
}

impl<'a, T, W, S> Operands<'a, T, W, S> {
    /// Panels that hold `PANEL` weights for each activation of a row.
    pub fn new(rows: Rows<'a, T>, panels: &'a [W], channels: usize, sums: &'a mut [S]) -> Self {
        let panel_length = rows.depth * PANEL;
        Self { rows, panels, panel_length, channels, sums }
    }

    /// Calls `tile` for each panel and as many rows as the first of `heights` that are left; the last of `heights` is 1.
    #[inline(always)]
    pub fn for_each_tile(self, heights: &[usize], mut tile: impl FnMut(Tile<T, W, S>)) {
        let Self { rows: Rows { values, depth }, panels, panel_length, channels, sums } = self;
        let stride = panels.len() / panel_length * PANEL;
        for (index, panel) in panels.chunks_exact(panel_length).enumerate() {
            let channels = PANEL.min(channels - index * PANEL);
            let (mut rest, mut row) = (values, 0);
            while !rest.is_empty() {
                let fits = |height: &&usize| *height * depth <= rest.len();
                let height = *heights.iter().find(fits).unwrap_or(&1);
                let (rows, others) = rest.split_at(height * depth);
                let sums = &mut sums[row * stride + index * PANEL..];
                tile(Tile { index, rows, height, depth, panel, sums, stride, channels });
                (rest, row) = (others, row + height);
            }
        }
    }
}

impl<'a> Operands<'a, i32, i8, i32> {
    /// Panels of `terms` shift codes, each a shift and a sign, for each activation of a row. All channels are computed.
    pub fn of_codes(rows: Rows<'a, i32>, terms: usize, panels: &'a [i8], sums: &'a mut [i32]) -> Self {
        let panel_length = rows.depth * terms * 2 * PANEL;
        Self { rows, panels, panel_length, channels: panels.len() / panel_length * PANEL, sums }
    }
}

/// Runs an expression for each tile of `operands`. `HEIGHT` is a constant in it: one of the heights, the last of which is 1.
#[allow(unused_macros, reason = "as above")]
macro_rules! for_each_tile {
    ($operands:expr, [$($height:literal),*; 1], |$tile:ident, $constant:ident| $call:expr) => {
        $operands.for_each_tile(&[$($height,)* 1], |$tile| match $tile.height {
            $($height => {
                const $constant: usize = $height;
                $call
            })*
            _ => {
                const $constant: usize = 1;
                $call
            }
        })
    };
}
