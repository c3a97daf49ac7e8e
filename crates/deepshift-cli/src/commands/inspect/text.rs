//! The report for people.

use super::FileReport;
use crate::text::{grouped, one_line, shape, table};
use deepshift_core::report::{
    Coding, EpilogueReport, ExponentCounts, IntegerReport, Layer, NodeReport, Operations, Report, Weight,
};

/// Longest bar of a histogram.
const BAR: u64 = 40;

pub fn render(file: &FileReport) -> String {
    let report = &file.report;
    let mut parts = vec![heading(file), layers(report)];
    parts.extend(report.exponents.iter().map(histogram));
    parts.push(format!("Float mode, per picture\n{}", operations(&report.float_mode)));
    parts.push(match &report.integer_mode {
        Some(integer) => integer_mode(integer),
        None => "Integer mode: none in this file (export it again with calibration pictures)\n".into(),
    });
    parts.join("\n")
}

fn heading(file: &FileReport) -> String {
    let report = &file.report;
    let totals = &report.totals;
    let mut facts = vec![
        ("file", format!("{}, {} bytes", file.file, grouped(totals.file_bytes as u64))),
        ("network", format!("{}, input {}", report.architecture, shape(&report.input_shape))),
        (
            "parameters",
            format!(
                "{} in {} bytes, {} bytes as f32: {:.2} times the file",
                grouped(totals.parameters as u64),
                grouped(totals.parameter_bytes as u64),
                grouped(totals.parameter_bytes_as_f32 as u64),
                totals.compression
            ),
        ),
        ("classes", classes(&report.classes)),
        ("u8 pictures", preprocessing(report)),
        ("origin", known(&report.provenance.origin)),
        ("license", known(&report.provenance.license)),
    ];
    facts.extend(report.provenance.notes.iter().map(|(name, note)| (name.as_str(), note.clone())));
    table(&facts.into_iter().map(|(name, fact)| vec![name.to_owned(), fact]).collect::<Vec<_>>())
}

fn known(text: &str) -> String {
    if text.is_empty() { "not given".into() } else { text.into() }
}

fn classes(classes: &[String]) -> String {
    match classes.len() {
        0 => "not named".into(),
        count @ 1..=12 => format!("{count}: {}", classes.join(", ")),
        count => format!("{count}: {}, …", classes[..12].join(", ")),
    }
}

fn preprocessing(report: &Report) -> String {
    match &report.preprocessing {
        Some(preprocessing) => {
            format!("(byte / 255 - mean) / std, mean {:?}, std {:?}", preprocessing.mean, preprocessing.std)
        }
        None => "the file does not say how they become inputs".into(),
    }
}

fn layers(report: &Report) -> String {
    let head = ["layer", "operation", "output", "weight", "coding", "bytes", "as f32"];
    let mut rows = vec![head.map(String::from).to_vec()];
    rows.extend(report.layers.iter().map(layer_row));
    table(&rows)
}

fn layer_row(layer: &Layer) -> Vec<String> {
    let weight = |text: fn(&Weight) -> String| layer.weight.as_ref().map_or(String::new(), text);
    let bytes = |bytes: usize| if bytes == 0 { String::new() } else { grouped(bytes as u64) };
    vec![
        layer.name.clone(),
        layer.operation.clone(),
        shape(&layer.output_shape),
        weight(|weight| shape(&weight.shape)),
        weight(|weight| coding(&weight.coding)),
        bytes(layer.bytes),
        bytes(layer.bytes_as_f32),
    ]
}

fn coding(coding: &Coding) -> String {
    match coding {
        Coding::F32 => "f32".into(),
        Coding::Shift { shift_type, bits, terms, channel_exponents } => {
            let mut text = format!("{shift_type:?}, {bits} bits");
            if *terms > 1 {
                text += &format!(", {terms} terms");
            }
            if let Some([lowest, highest]) = channel_exponents {
                text += &format!(", e {lowest}..{highest}");
            }
            text
        }
    }
}

/// The largest power first, zeros last.
fn histogram(counts: &ExponentCounts) -> String {
    let largest = counts.powers.values().copied().chain([counts.zeros]).max().unwrap_or(1).max(1);
    let row = |name: String, count: u64| {
        let share = 100.0 * count as f64 / counts.total().max(1) as f64;
        let bar = "#".repeat((count * BAR).div_ceil(largest) as usize);
        format!("  {name:>6} {:>12} {share:>5.1} % {bar}", grouped(count)).trim_end().to_owned() + "\n"
    };
    let mut text = format!("Exponents of {}\n", one_line(&counts.layer));
    text.extend(counts.powers.iter().rev().map(|(power, &count)| row(format!("2^{power}"), count)));
    if counts.zeros > 0 {
        text += &row("0".into(), counts.zeros);
    }
    text
}

fn operations(operations: &Operations) -> String {
    let mut text = format!("  at most {} shift-and-add terms\n", grouped(operations.shift_additions));
    text += &format!("  {} multiplications\n", grouped(operations.total_multiplications()));
    for node in &operations.multiplications {
        text +=
            &format!("    {} in {}: {}\n", grouped(node.per_picture), one_line(&node.node), node.operation);
    }
    text
}

fn integer_mode(integer: &IntegerReport) -> String {
    let head = ["node", "operation", "format", "largest sum", "epilogue"];
    let mut rows = vec![head.map(String::from).to_vec()];
    rows.extend(integer.nodes.iter().map(node_row));
    let free = if integer.multiplier_free {
        "multiplier-free: every M is a sum of at most three signed powers of two"
    } else {
        "not multiplier-free"
    };
    format!(
        "Integer mode, per picture: {free}\n{}  largest sum {} of 2,147,483,647: proved from the codes\n\n{}",
        operations(&integer.operations),
        grouped(integer.largest_accumulator.unsigned_abs()),
        table(&rows)
    )
}

fn node_row(node: &NodeReport) -> Vec<String> {
    let format = node.format;
    vec![
        node.name.clone(),
        node.operation.clone(),
        format!("q * 2^{}, q in {}..={}", -format.fraction_bits, format.lowest, format.highest),
        node.largest_accumulator.map_or(String::new(), |sum| grouped(sum.unsigned_abs())),
        node.epilogue.as_ref().map_or(String::new(), epilogue),
    ]
}

fn epilogue(report: &EpilogueReport) -> String {
    format!(
        "M {}, p {}, r {}; {} of {} channels without multiplier",
        range(report.multiplier),
        range(report.pre_shift),
        range(report.post_shift),
        report.multiplier_free_channels,
        report.channels
    )
}

fn range<T: PartialEq + std::fmt::Display>([lowest, highest]: [T; 2]) -> String {
    if lowest == highest { lowest.to_string() } else { format!("{lowest}..={highest}") }
}
