//! How often each power of two is used.

use super::drawing_error;
use crate::{Error, Result};
use deepshift_core::{Model, ShiftWeight};
use plotters::prelude::*;
use std::collections::BTreeMap;

/// Terms of one layer by their power of two.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ExponentCounts {
    /// Name of the layer.
    pub layer: String,
    /// Terms that are 0.
    pub zeros: u64,
    /// Terms `±2^n`, by `n`.
    pub powers: BTreeMap<i32, u64>,
}

impl ExponentCounts {
    /// Every term of every weight, the channel exponents included.
    pub fn of_weight(layer: &str, weight: &ShiftWeight) -> Self {
        let mut counts = Self { layer: layer.into(), zeros: 0, powers: BTreeMap::new() };
        let terms = 1 + usize::from(weight.second.is_some());
        for index in 0..weight.len() {
            let exponent = weight.exponent(index / weight.fan_in().max(1));
            for term in &weight.terms(index)[..terms] {
                match term.sign {
                    0 => counts.zeros += 1,
                    _ => *counts.powers.entry(exponent - i32::from(term.k)).or_default() += 1,
                }
            }
        }
        counts
    }

    /// Of every shift layer, in the order of the graph.
    pub fn of_model(model: &Model) -> Vec<Self> {
        let layers = model.graph.nodes.iter().map(|node| &node.name);
        layers
            .filter_map(|name| model.shift_weight(name).map(|weight| Self::of_weight(name, weight)))
            .collect()
    }

    /// Zeros and powers together.
    pub fn total(&self) -> u64 {
        self.zeros + self.powers.values().sum::<u64>()
    }
}

const WIDTH: u32 = 720;
const PANEL: u32 = 180;
/// A picture higher than this is of no use.
const MOST_LAYERS: usize = 200;

/// A panel for each layer, all with the same powers of two below.
pub fn draw(layers: &[ExponentCounts]) -> Result<String> {
    let powers = || layers.iter().flat_map(|layer| layer.powers.keys().copied());
    let (Some(lowest), Some(highest)) = (powers().min(), powers().max()) else {
        return Err(Error::input("the file has no shift layer, so there is no histogram to draw"));
    };
    let layers = &layers[..layers.len().min(MOST_LAYERS)];
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, PANEL * layers.len() as u32)).into_drawing_area();
    area.fill(&WHITE).map_err(drawing_error)?;
    for (panel, layer) in area.split_evenly((layers.len(), 1)).iter().zip(layers) {
        draw_layer(panel, layer, lowest, highest)?;
    }
    area.present().map_err(drawing_error)?;
    drop(area);
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Zeros stand left of the lowest power.
fn draw_layer(area: &Area, layer: &ExponentCounts, lowest: i32, highest: i32) -> Result<()> {
    let largest = layer.powers.values().copied().chain([layer.zeros]).max().unwrap_or(1);
    let mut chart = ChartBuilder::on(area)
        .caption(crate::text::one_line(&layer.layer), ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(22)
        .y_label_area_size(64)
        .build_cartesian_2d(lowest as f64 - 1.5..highest as f64 + 0.5, 0.0..largest as f64 * 1.05)
        .map_err(drawing_error)?;
    let name = |x: &f64| match x.round() as i32 {
        power if power < lowest => "0".to_owned(),
        power => format!("2^{power}"),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.15))
        .max_light_lines(0)
        .x_labels((highest - lowest + 2).clamp(2, 18) as usize)
        .x_label_formatter(&name)
        .y_labels(4)
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()
        .map_err(drawing_error)?;
    let zeros = std::iter::once((lowest - 1, layer.zeros));
    let bars = zeros.chain(layer.powers.iter().map(|(&power, &count)| (power, count)));
    chart
        .draw_series(bars.map(|(power, count)| {
            let x = f64::from(power);
            Rectangle::new([(x - 0.4, 0.0), (x + 0.4, count as f64)], RGBColor(30, 100, 180).filled())
        }))
        .map_err(drawing_error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::{ShiftFormat, ShiftType};

    #[test]
    fn terms_are_counted_with_their_channels_exponent() {
        let format = ShiftFormat::new(ShiftType::PS, 5).unwrap();
        let values = [0.5, -0.5, 0.0, 1.0];
        let (mut weight, _) = ShiftWeight::from_values(vec![2, 2], format, &values).unwrap();
        weight.raise_exponent(1, 2);
        let counts = ExponentCounts::of_weight("fc", &weight);
        assert_eq!((counts.zeros, counts.total()), (1, 4));
        assert_eq!(counts.powers, BTreeMap::from([(-1, 2), (0, 1)]));
    }
}
