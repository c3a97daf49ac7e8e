//! `deepshift run`: tensors in, logits out.

use crate::engine::{Engine, EngineOptions};
use crate::{Error, Result, files, output, text};
use clap::Args;
use deepshift_core::{Input, Model};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
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
    let inputs = read_inputs(&bytes, &model)
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

struct Inputs {
    count: usize,
    values: Values,
}

enum Values {
    Pictures(Vec<u8>),
    Floats(Vec<f32>),
}

impl Inputs {
    fn input(&self) -> Input<'_> {
        match &self.values {
            Values::Pictures(bytes) => Input::Pictures(bytes),
            Values::Floats(values) => Input::Values(values),
        }
    }
}

fn read_inputs(bytes: &[u8], model: &Model) -> Result<Inputs> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| Error::input(format!("this is no sound safetensors file ({error})")))?;
    let tensor = choose_tensor(&file)?;
    let count = count(tensor.shape(), model.graph.input_shape())?;
    let values = match tensor.dtype() {
        Dtype::U8 => Values::Pictures(tensor.data().to_vec()),
        Dtype::F32 => Values::Floats(floats(tensor.data())),
        other => {
            return Err(Error::input(format!(
                "the input is of type {other:?}: save it as F32 values or U8 pictures"
            )));
        }
    };
    Ok(Inputs { count, values })
}

fn choose_tensor<'a>(file: &SafeTensors<'a>) -> Result<TensorView<'a>> {
    if let Ok(tensor) = file.tensor("input") {
        return Ok(tensor);
    }
    match file.tensors().as_slice() {
        [(_, tensor)] => Ok(tensor.clone()),
        tensors => Err(Error::input(format!(
            "none of its {} tensors is named `input`: name the one to be used so",
            tensors.len()
        ))),
    }
}

/// How many inputs a tensor of this shape holds; one without a batch axis is one input.
fn count(shape: &[usize], input_shape: &[usize]) -> Result<usize> {
    match shape.split_first() {
        _ if shape == input_shape => Ok(1),
        Some((0, rest)) if rest == input_shape => Err(Error::input("the input is an empty batch")),
        Some((&count, rest)) if rest == input_shape => Ok(count),
        _ => Err(Error::input(format!(
            "the input has shape {shape:?}: the network takes [n, {}]",
            input_shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
        ))),
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect()
}

fn write_logits(path: &Path, count: usize, logits: &[f32]) -> Result<()> {
    let bytes: Vec<u8> = logits.iter().flat_map(|logit| logit.to_le_bytes()).collect();
    let file = TensorView::new(Dtype::F32, vec![count, logits.len() / count], &bytes)
        .and_then(|tensor| safetensors::serialize([("logits", tensor)], None))
        .map_err(|error| Error::input(format!("cannot write {}: {error}", path.display())))?;
    files::write(path, &file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_axis_may_be_left_out() {
        let shape = [1, 28, 28];
        assert_eq!(count(&[1, 28, 28], &shape).unwrap(), 1);
        assert_eq!(count(&[7, 1, 28, 28], &shape).unwrap(), 7);
        for wrong in [&[0, 1, 28, 28][..], &[28, 28], &[], &[7, 3, 28, 28]] {
            assert!(count(wrong, &shape).is_err(), "{wrong:?}");
        }
    }
}
