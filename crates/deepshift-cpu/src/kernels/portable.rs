//! Kernels in plain Rust: what every other one must equal, and what a set has where it brings none of its own.

use super::{PANEL, Rows};

pub(super) fn dot(rows: Rows<i16>, panels: &[i16], channels: usize, sums: &mut [i32]) {
    let stride = panels.len() / rows.depth;
    for (row, sums) in rows.values.chunks_exact(rows.depth).zip(sums.chunks_exact_mut(stride)) {
        let panels = panels.chunks_exact(rows.depth * PANEL);
        for (panel, sums) in panels.zip(sums[..channels].chunks_mut(PANEL)) {
            let mut totals = [0i32; PANEL];
            for (pair, weights) in row.chunks_exact(2).zip(panel.chunks_exact(2 * PANEL)) {
                let [first, second] = [i32::from(pair[0]), i32::from(pair[1])];
                for (total, weights) in totals.iter_mut().zip(weights.chunks_exact(2)) {
                    let products = first * i32::from(weights[0]) + second * i32::from(weights[1]);
                    *total = total.wrapping_add(products);
                }
            }
            sums.copy_from_slice(&totals[..sums.len()]);
        }
    }
}

pub(super) fn dot_bytes(rows: Rows<i8>, panels: &[i8], channels: usize, sums: &mut [i32]) {
    let stride = panels.len() / rows.depth;
    for (row, sums) in rows.values.chunks_exact(rows.depth).zip(sums.chunks_exact_mut(stride)) {
        let panels = panels.chunks_exact(rows.depth * PANEL);
        for (panel, sums) in panels.zip(sums[..channels].chunks_mut(PANEL)) {
            let mut totals = [0i32; PANEL];
            for (four, weights) in row.chunks_exact(4).zip(panel.chunks_exact(4 * PANEL)) {
                for (total, weights) in totals.iter_mut().zip(weights.chunks_exact(4)) {
                    let products =
                        four.iter().zip(weights).map(|(&q, &weight)| i32::from(q) * i32::from(weight));
                    *total = total.wrapping_add(products.sum());
                }
            }
            sums.copy_from_slice(&totals[..sums.len()]);
        }
    }
}

pub(super) fn shift(rows: Rows<i32>, terms: usize, panels: &[i8], sums: &mut [i32]) {
    let panel_length = rows.depth * terms * 2 * PANEL;
    let stride = panels.len() / panel_length * PANEL;
    for (row, sums) in rows.values.chunks_exact(rows.depth).zip(sums.chunks_exact_mut(stride)) {
        let panels = panels.chunks_exact(panel_length);
        for (panel, sums) in panels.zip(sums.chunks_exact_mut(PANEL)) {
            let mut totals = [0i32; PANEL];
            for (&q, codes) in row.iter().zip(panel.chunks_exact(terms * 2 * PANEL)) {
                for term in codes.chunks_exact(2 * PANEL) {
                    let (shifts, signs) = term.split_at(PANEL);
                    for ((total, &shift), &sign) in totals.iter_mut().zip(shifts).zip(signs) {
                        *total = total.wrapping_add(shifted(q, shift, sign));
                    }
                }
            }
            sums.copy_from_slice(&totals);
        }
    }
}

#[cfg(target_family = "wasm")]
pub(super) fn products(rows: Rows<f32>, panels: &[f32], sums: &mut [f32]) {
    let stride = panels.len() / rows.depth;
    for (row, sums) in rows.values.chunks_exact(rows.depth).zip(sums.chunks_exact_mut(stride)) {
        let panels = panels.chunks_exact(rows.depth * PANEL);
        for (panel, sums) in panels.zip(sums.chunks_exact_mut(PANEL)) {
            let mut totals = [0f32; PANEL];
            for (x, weights) in row.iter().zip(panel.chunks_exact(PANEL)) {
                for (total, weight) in totals.iter_mut().zip(weights) {
                    *total += x * weight;
                }
            }
            sums.copy_from_slice(&totals);
        }
    }
}

/// `q << shift` with the sign of the code, which is -1, 0 or 1.
#[inline(always)]
pub(super) fn shifted(q: i32, shift: i8, sign: i8) -> i32 {
    let magnitude = q << (shift & 31);
    match sign {
        0 => 0,
        ..0 => -magnitude,
        _ => magnitude,
    }
}
