//! How often each power of two is used.

use super::drawing_error;
use crate::{Error, Result};
use deepshift_core::report::ExponentCounts;
use plotters::prelude::*;

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
