//! `deepshift run`: tensors in, logits out.

use crate::engine::{Engine, EngineOptions};
use crate::inputs::Inputs;
use crate::{Error, Result, files, output, text};
use clap::Args;
use safetensors::tensor::{Dtype, TensorView};
use std::path::{Path, PathBuf};

/// Run a .dshift file on the tensors of a safetensors file
#[derive(Args)]
pub struct Arguments {
    /// The network
    file: PathBuf,
    /// Holds the tensor `input`, or only one: f32 values, or u8 pictures to be normalised as FILE says; [n, ...] or one
    #[arg(long, value_name = "FILE.safetensors")]
    input: PathBuf,
    /// Gets the tensor `logits`, f32 [n, classes]
    #[arg(long, value_name = "FILE.safetensors")]
    output: PathBuf,
    #[command(flatten)]
    engine: EngineOptions,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    files::check_output(&arguments.output, "safetensors")?;
    let model = files::read_model(&arguments.file)?.model;
    let engine = Engine::new(&model, &arguments.engine)?;
    let bytes = files::read(&arguments.input)?;
    let inputs = Inputs::read(&bytes, model.graph.input_shape())
        .map_err(|error| Error::input(format!("{}: {error}", arguments.input.display())))?;
    let logits = engine.run(inputs.input())?;
    write_logits(&arguments.output, inputs.count, &logits)?;
    output::report(&format!(
        "{} inputs to {}: {}\n",
        text::grouped(inputs.count as u64),
        text::one_line(&arguments.output.display().to_string()),
        engine.description()
    ));
    Ok(())
}

fn write_logits(path: &Path, count: usize, logits: &[f32]) -> Result<()> {
    let bytes: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
    let file = TensorView::new(Dtype::F32, vec![count, logits.len() / count], &bytes)
        .and_then(|tensor| safetensors::serialize([("logits", tensor)], None))
        .map_err(|error| Error::input(format!("cannot write {}: {error}", path.display())))?;
    files::write(path, &file)
}
