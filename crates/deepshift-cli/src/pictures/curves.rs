//! Loss and error over the epochs of a run, on logarithmic scales: what matters happens at the small end.

use super::drawing_error;
use crate::Result;
use deepshift_train::EpochRow;
use plotters::coord::Shift;
use plotters::prelude::*;
use std::ops::Range;

const SIZE: (u32, u32) = (900, 360);
/// A logarithmic scale has no zero.
const SMALLEST: f64 = 1e-3;
const TRAIN: RGBColor = RGBColor(150, 150, 150);
const TEST: RGBColor = RGBColor(30, 100, 180);

/// Two panels: loss on the left, top-1 error on the right.
pub fn draw(history: &[EpochRow]) -> Result<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(drawing_error)?;
    let (left, right) = area.split_horizontally(SIZE.0 / 2);
    panel(&left, "loss", history, |row| [row.train_loss, row.test_loss])?;
    panel(&right, "top-1 error, %", history, |row| [100.0 - row.train_top1, 100.0 - row.test_top1])?;
    area.present().map_err(drawing_error)?;
    drop((left, right, area));
    Ok(svg)
}

fn panel(
    area: &DrawingArea<SVGBackend, Shift>,
    title: &str,
    history: &[EpochRow],
    values: impl Fn(&EpochRow) -> [f64; 2],
) -> Result<()> {
    let values = |row: &EpochRow| values(row).map(|value| value.max(SMALLEST));
    let all = || history.iter().flat_map(values);
    let (lowest, highest) = (all().fold(f64::INFINITY, f64::min), all().fold(SMALLEST, f64::max));
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 15))
        .margin(10)
        .x_label_area_size(28)
        .y_label_area_size(56)
        .build_cartesian_2d(1.0..(history.len() as f64).max(2.0), decades(lowest, highest).log_scale())
        .map_err(drawing_error)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.15))
        .y_label_formatter(&|y| format!("{y}"))
        .x_desc("epoch")
        .x_labels(history.len().clamp(2, 11))
        .x_label_formatter(&|x| format!("{x:.0}"))
        .draw()
        .map_err(drawing_error)?;
    for (index, (name, color)) in [("training", TRAIN), ("test", TEST)].into_iter().enumerate() {
        let points = || history.iter().zip(1..).map(|(row, epoch)| (f64::from(epoch), values(row)[index]));
        chart
            .draw_series(LineSeries::new(points(), color.stroke_width(2)))
            .map_err(drawing_error)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
        chart
            .draw_series(points().map(|point| Circle::new(point, 3, color.filled())))
            .map_err(drawing_error)?;
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).draw().map_err(drawing_error)?;
    Ok(())
}

/// Whole powers of ten around these values: only they get labels.
fn decades(lowest: f64, highest: f64) -> Range<f64> {
    let lower = lowest.log10().floor();
    10f64.powf(lower)..10f64.powf(highest.log10().ceil().max(lower + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_epochs_gives_a_picture() {
        for epochs in [1, 2, 30] {
            let row = |epoch| EpochRow { train_loss: 1.0 / f64::from(epoch), ..EpochRow::default() };
            let svg = draw(&(1..=epochs).map(row).collect::<Vec<_>>()).unwrap();
            assert!(svg.contains("top-1") && svg.ends_with("</svg>\n"));
        }
    }
}
