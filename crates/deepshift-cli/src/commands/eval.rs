//! `deepshift eval`: how good and how fast a network is on a test set.

use crate::accuracy::Accuracy;
use crate::dataset::{TestSet, Wanted, logits};
use crate::engine::{Engine, EngineOptions};
use crate::files::{self, ModelFile};
use crate::labels::{LabelOptions, LimitOptions};
use crate::progress::Progress;
use crate::{Result, output, pictures, text};
use clap::Args;
use deepshift_core::{Model, rank};
use deepshift_train::data::Part;
use deepshift_train::spread;
use std::path::PathBuf;
use std::time::Instant;

/// Evaluate a .dshift file on a test set: accuracy, time per picture, bytes
///
/// The data set follows from the shape of the network's input: 1x28x28 is MNIST, 3x32x32 CIFAR-10, and other pictures
/// come from folders of classes.
#[derive(Args)]
pub struct Arguments {
    /// The network
    file: PathBuf,
    /// Folder of the data set, or of pictures in val/<class>/* or <class>/*
    #[arg(long, env = "DEEPSHIFT_DATA", default_value = "data")]
    data: PathBuf,
    #[command(flatten)]
    labels: LabelOptions,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    engine: EngineOptions,
    /// Pictures that run together
    #[arg(long, visible_alias = "test-batch-size", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: u32,
    /// Only so many pictures, evenly spaced
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
    let labels = arguments.labels.read(logits(&file.model)?, &file.model.classes)?;
    let wanted = Wanted {
        shape: file.model.graph.input_shape(),
        preprocessing: file.model.preprocessing.as_ref(),
        labelling: labels.labelling(),
        limits: arguments.limits,
    };
    let set = TestSet::load(&arguments.data, Part::Test, &wanted)?;
    set.check_classes(&file.model)?;
    let score = evaluate(&file.model, &engine, &set, arguments)?;
    if let Some(path) = &arguments.confusion {
        let svg = pictures::confusion::draw(&score.confusion, set.source.classes())?;
        files::write(path, svg.as_bytes())?;
    }
    output::print(&report(&set, arguments, &file, &engine, &score))
}

/// What an evaluation found.
struct Score {
    accuracy: Accuracy,
    /// Of each batch.
    milliseconds_per_picture: Vec<f64>,
    /// Pictures by true class, then by the class they were taken for.
    confusion: Vec<Vec<u32>>,
}

fn evaluate(model: &Model, engine: &Engine, set: &TestSet, arguments: &Arguments) -> Result<Score> {
    let classes = set.source.classes().len();
    let mut score = Score {
        accuracy: Accuracy::default(),
        milliseconds_per_picture: Vec::new(),
        confusion: vec![vec![0; classes]; classes],
    };
    let indices = spread(arguments.limit.unwrap_or(u32::MAX), set.source.len());
    let mut progress = Progress::new("eval", indices.len() as u64);
    for indices in indices.chunks(arguments.batch_size as usize) {
        let pictures = set.pictures(indices, model.preprocessing.as_ref());
        if !pictures.labels.is_empty() {
            let (logits, milliseconds) = timed(|| engine.run(pictures.input()))?;
            score.milliseconds_per_picture.push(milliseconds / pictures.labels.len() as f64);
            for (&label, logits) in pictures.labels.iter().zip(logits.chunks(classes)) {
                score.count(logits, usize::from(label));
            }
        }
        progress.advance(indices.len() as u64, "");
    }
    drop(progress);
    if score.accuracy.pictures() == 0 {
        return Err(set.source.skipped().error(indices.len()).into());
    }
    set.tell_skipped();
    Ok(score)
}

fn timed(work: impl FnOnce() -> Result<Vec<f32>>) -> Result<(Vec<f32>, f64)> {
    let start = Instant::now();
    let logits = work()?;
    Ok((logits, start.elapsed().as_secs_f64() * 1e3))
}

impl Score {
    fn count(&mut self, logits: &[f32], label: usize) {
        self.accuracy.count(logits, label);
        if let Some(taken_for) = (0..logits.len()).find(|&class| rank(logits, class) == 0) {
            self.confusion[label][taken_for] += 1;
        }
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

fn report(set: &TestSet, arguments: &Arguments, file: &ModelFile, engine: &Engine, score: &Score) -> String {
    let float_bytes = file.model.float_bytes();
    format!(
        "{}: {}, {} pictures of {}\n\
         top-1 {:.2} %, top-5 {:.2} %\n\
         {:.4} ms per picture (median of {} batches of {}): {}\n\
         {} bytes in the file, {} bytes as f32: {:.2} times the file\n",
        text::one_line(&arguments.file.display().to_string()),
        text::one_line(&file.model.graph.name),
        text::grouped(score.accuracy.pictures()),
        text::one_line(&set.name),
        score.accuracy.top1_percent(),
        score.accuracy.top5_percent(),
        median(&score.milliseconds_per_picture),
        score.milliseconds_per_picture.len(),
        arguments.batch_size.min(score.accuracy.pictures()),
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
