//! Loss and accuracy over the epochs of a run.

use super::drawing_error;
use crate::Result;
use deepshift_train::EpochRow;
use plotters::coord::Shift;
use plotters::prelude::*;

const SIZE: (u32, u32) = (900, 360);
const TRAIN: RGBColor = RGBColor(150, 150, 150);
const TEST: RGBColor = RGBColor(30, 100, 180);

/// Two panels: loss on the left, top-1 accuracy on the right.
pub fn draw(history: &[EpochRow]) -> Result<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(drawing_error)?;
    let (left, right) = area.split_horizontally(SIZE.0 / 2);
    panel(&left, "loss", history, |row| [row.train_loss, row.test_loss])?;
    panel(&right, "top-1 accuracy, %", history, |row| [row.train_top1, row.test_top1])?;
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
    let all = || history.iter().flat_map(&values);
    let (lowest, highest) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let margin = ((highest - lowest) * 0.08).max(1e-3);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 15))
        .margin(10)
        .x_label_area_size(28)
        .y_label_area_size(56)
        .build_cartesian_2d(1.0..(history.len() as f64).max(2.0), lowest - margin..highest + margin)
        .map_err(drawing_error)?;
    chart
        .configure_mesh()
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
