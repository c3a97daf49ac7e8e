//! Which classes are taken for which.

use super::drawing_error;
use crate::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const CELL: i32 = 44;
const MARGIN: i32 = 70;

/// A square for each pair of classes: rows are the true ones, columns what they were taken for.
pub fn draw(counts: &[Vec<u32>], classes: &[String]) -> Result<String> {
    let side = (MARGIN + CELL * counts.len() as i32 + 10) as u32;
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (side, side)).into_drawing_area();
    area.fill(&WHITE).map_err(drawing_error)?;
    draw_names(&area, classes)?;
    for (row, counts) in counts.iter().enumerate() {
        let total: u32 = counts.iter().sum();
        for (column, &count) in counts.iter().enumerate() {
            let share = f64::from(count) / f64::from(total.max(1));
            draw_cell(&area, (column, row), count, share)?;
        }
    }
    area.present().map_err(drawing_error)?;
    drop(area);
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw_names(area: &Area, classes: &[String]) -> Result<()> {
    let style = text_style(&BLACK);
    let centre = MARGIN + CELL * classes.len() as i32 / 2;
    area.draw_text("taken for", &style, (centre, 18)).map_err(drawing_error)?;
    let turned = style.transform(FontTransform::Rotate270);
    area.draw_text("true class", &turned, (18, centre)).map_err(drawing_error)?;
    for (index, name) in classes.iter().enumerate() {
        let middle = MARGIN + CELL * index as i32 + CELL / 2;
        area.draw_text(name, &style, (middle, MARGIN - 14)).map_err(drawing_error)?;
        area.draw_text(name, &style, (MARGIN - 14, middle)).map_err(drawing_error)?;
    }
    Ok(())
}

fn draw_cell(area: &Area, (column, row): (usize, usize), count: u32, share: f64) -> Result<()> {
    let corner = (MARGIN + CELL * column as i32, MARGIN + CELL * row as i32);
    let opposite = (corner.0 + CELL - 1, corner.1 + CELL - 1);
    let color = if row == column { RGBColor(30, 100, 180) } else { RGBColor(200, 50, 30) };
    // The square root keeps rare confusions visible.
    let square = Rectangle::new([corner, opposite], color.mix(share.sqrt()).filled());
    area.draw(&square).map_err(drawing_error)?;
    if count > 0 {
        let style = text_style(if share > 0.3 { &WHITE } else { &BLACK });
        let middle = (corner.0 + CELL / 2, corner.1 + CELL / 2);
        area.draw_text(&count.to_string(), &style, middle).map_err(drawing_error)?;
    }
    Ok(())
}

fn text_style(color: &RGBColor) -> TextStyle<'static> {
    ("sans-serif", 13).into_font().color(color).pos(Pos::new(HPos::Center, VPos::Center))
}
