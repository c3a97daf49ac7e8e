//! `deepshift eval`: how good and how fast a network is on a test set.

use crate::engine::{Engine, EngineOptions};
use crate::files::{self, ModelFile};
use crate::progress::Progress;
use crate::{Error, Result, output, pictures, text};
use clap::Args;
use deepshift_core::{Input, Model, rank};
use deepshift_train::data::{Dataset, Part, mnist};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Evaluate a .dshift file on a test set: accuracy, time per picture, bytes
///
/// The data set follows from the shape of the network's input: 1x28x28 is MNIST.
#[derive(Args)]
pub struct Arguments {
    /// The network
    file: PathBuf,
    /// Folder of the data set
    #[arg(long, env = "DEEPSHIFT_DATA", default_value = "data")]
    data: PathBuf,
    #[command(flatten)]
    engine: EngineOptions,
    /// Pictures that run together
    #[arg(long, visible_alias = "test-batch-size", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: u32,
    /// Only the first so many pictures
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Draw which classes are taken for which
    #[arg(long, value_name = "FILE.svg")]
    confusion: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(path) = &arguments.confusion {
        files::check_output(path, "svg")?;
    }
    let file = files::read_model(&arguments.file)?;
    let engine = Engine::new(&file.model, &arguments.engine)?;
    let dataset = load_dataset(&file.model, &arguments.data)?;
    let pictures = arguments.limit.unwrap_or(u32::MAX).min(dataset.len());
    let score = evaluate(&file.model, &engine, &dataset, pictures, arguments.batch_size)?;
    if let Some(path) = &arguments.confusion {
        let svg = pictures::confusion::draw(&score.confusion, dataset.classes())?;
        files::write(path, svg.as_bytes())?;
    }
    output::print(&report(arguments, &file, &engine, &score))
}

fn load_dataset(model: &Model, folder: &Path) -> Result<Dataset> {
    let shape = model.graph.input_shape();
    if shape != [1, 28, 28] {
        return Err(Error::input(format!(
            "there is no data set for inputs of shape {}: give your own inputs to `deepshift run`",
            text::shape(shape)
        )));
    }
    let dataset = mnist::load(folder, Part::Test)?;
    let logits = logits(model)?;
    if logits != dataset.classes().len() {
        return Err(Error::input(format!(
            "the network tells {logits} classes apart and MNIST has {}: it was trained for something else",
            dataset.classes().len()
        )));
    }
    Ok(dataset)
}

fn logits(model: &Model) -> Result<usize> {
    Ok(model.graph.shapes()?[model.graph.logits()].iter().product())
}

/// What an evaluation found.
struct Score {
    pictures: u32,
    top1: u32,
    top5: u32,
    /// Of each batch.
    milliseconds_per_picture: Vec<f64>,
    /// Pictures by true class, then by the class they were taken for.
    confusion: Vec<Vec<u32>>,
}

fn evaluate(
    model: &Model,
    engine: &Engine,
    dataset: &Dataset,
    pictures: u32,
    batch_size: u32,
) -> Result<Score> {
    let classes = dataset.classes().len();
    let mut score = Score {
        pictures,
        top1: 0,
        top5: 0,
        milliseconds_per_picture: Vec::new(),
        confusion: vec![vec![0; classes]; classes],
    };
    let mut progress = Progress::new("eval", u64::from(pictures));
    for first in (0..pictures).step_by(batch_size as usize) {
        let indices: Vec<u32> = (first..first.saturating_add(batch_size).min(pictures)).collect();
        let (logits, milliseconds) = run_batch(model, engine, dataset, &indices)?;
        score.milliseconds_per_picture.push(milliseconds / indices.len() as f64);
        for (&index, logits) in indices.iter().zip(logits.chunks(classes)) {
            score.count(logits, usize::from(dataset.label(index).unwrap_or_default()));
        }
        progress.advance(indices.len() as u64, "");
    }
    Ok(score)
}

/// Logits and milliseconds. Bytes enter as the file says; where it says nothing, as the data set is usually normalised.
fn run_batch(model: &Model, engine: &Engine, dataset: &Dataset, indices: &[u32]) -> Result<(Vec<f32>, f64)> {
    if model.preprocessing.is_some() {
        let bytes: Vec<u8> =
            indices.iter().filter_map(|&index| dataset.image(index)).flatten().copied().collect();
        timed(|| engine.run(Input::Pictures(&bytes)))
    } else {
        let values = dataset.batch(indices).images;
        timed(|| engine.run(Input::Values(&values)))
    }
}

fn timed(work: impl FnOnce() -> Result<Vec<f32>>) -> Result<(Vec<f32>, f64)> {
    let start = Instant::now();
    let logits = work()?;
    Ok((logits, start.elapsed().as_secs_f64() * 1e3))
}

impl Score {
    fn count(&mut self, logits: &[f32], label: usize) {
        let right = rank(logits, label);
        self.top1 += u32::from(right == 0);
        self.top5 += u32::from(right < 5);
        if let Some(taken_for) = (0..logits.len()).find(|&class| rank(logits, class) == 0) {
            self.confusion[label][taken_for] += 1;
        }
    }

    fn percent(&self, count: u32) -> f64 {
        100.0 * f64::from(count) / f64::from(self.pictures.max(1))
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        len => (sorted[(len - 1) / 2] + sorted[len / 2]) / 2.0,
    }
}

fn report(arguments: &Arguments, file: &ModelFile, engine: &Engine, score: &Score) -> String {
    let float_bytes = file.model.float_bytes();
    format!(
        "{}: {}, {} pictures of MNIST's test part\n\
         top-1 {:.2} %, top-5 {:.2} %\n\
         {:.4} ms per picture (median of {} batches of {}): {}\n\
         {} bytes in the file, {} bytes as f32: {:.2} times the file\n",
        text::one_line(&arguments.file.display().to_string()),
        text::one_line(&file.model.graph.name),
        text::grouped(score.pictures),
        score.percent(score.top1),
        score.percent(score.top5),
        median(&score.milliseconds_per_picture),
        score.milliseconds_per_picture.len(),
        arguments.batch_size.min(score.pictures),
        engine.description(),
        text::grouped(file.bytes as u64),
        text::grouped(float_bytes as u64),
        float_bytes as f64 / file.bytes as f64,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
