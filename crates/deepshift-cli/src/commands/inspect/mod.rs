//! `deepshift inspect`: what a file holds, and what it costs to run.

mod text;

use crate::pictures::exponents;
use crate::{Error, Result, files, output};
use clap::Args;
use deepshift_core::report::Report;
use serde::Serialize;
use std::path::PathBuf;

/// Show what a .dshift file holds: layers, bytes, exponents, formats, remaining multiplications, origin
#[derive(Args)]
pub struct Arguments {
    /// The network
    file: PathBuf,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
    /// Draw how often each power of two is used
    #[arg(long, value_name = "FILE.svg")]
    histogram: Option<PathBuf>,
}

/// The facts, with the name of the file that they are about.
#[derive(Serialize)]
struct FileReport {
    file: String,
    #[serde(flatten)]
    report: Report,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(path) = &arguments.histogram {
        files::check_output(path, "svg")?;
    }
    let file = files::read_model(&arguments.file)?;
    let report = Report::new(&file.model, file.bytes)?;
    let report = FileReport { file: arguments.file.display().to_string(), report };
    if let Some(path) = &arguments.histogram {
        files::write(path, exponents::draw(&report.report.exponents)?.as_bytes())?;
    }
    output::print(&if arguments.json { json(&report)? } else { text::render(&report) })
}

fn json(report: &FileReport) -> Result<String> {
    let text = serde_json::to_string_pretty(report)
        .map_err(|error| Error::input(format!("cannot write the report as JSON: {error}")))?;
    Ok(text + "\n")
}
