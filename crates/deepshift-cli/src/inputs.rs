//! What `deepshift run` is given. The fuzz targets take this file in, so nothing of the command line is used here.

use deepshift_core::Input;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// Inputs of a network, one after the other.
pub struct Inputs {
    /// How many there are.
    pub count: usize,
    values: Values,
}

enum Values {
    Pictures(Vec<u8>),
    Floats(Vec<f32>),
}

impl Inputs {
    /// The tensor `input` of a safetensors file, or its only one.
    ///
    /// # Errors
    /// What is wrong with it, for a user to read.
    pub fn read(bytes: &[u8], input_shape: &[usize]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| format!("this is no sound safetensors file ({error})"))?;
        let tensor = choose_tensor(&file)?;
        let count = count(tensor.shape(), input_shape)?;
        let values = match tensor.dtype() {
            Dtype::U8 => Values::Pictures(tensor.data().to_vec()),
            Dtype::F32 => Values::Floats(floats(tensor.data())),
            other => {
                return Err(format!("the input is of type {other:?}: save it as F32 values or U8 pictures"));
            }
        };
        Ok(Self { count, values })
    }

    /// As executors take them.
    pub fn input(&self) -> Input<'_> {
        match &self.values {
            Values::Pictures(bytes) => Input::Pictures(bytes),
            Values::Floats(values) => Input::Values(values),
        }
    }
}

/// How many names a message lists.
const LISTED: usize = 5;

fn choose_tensor<'a>(file: &SafeTensors<'a>) -> Result<TensorView<'a>, String> {
    if let Ok(tensor) = file.tensor("input") {
        return Ok(tensor);
    }
    match file.tensors().as_slice() {
        [(_, tensor)] => Ok(tensor.clone()),
        tensors => {
            let mut names: Vec<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            names.truncate(LISTED);
            Err(format!(
                "none of its {} tensors is named `input`, the first are {}: name the one to be used so",
                tensors.len(),
                names.join(", ")
            ))
        }
    }
}

/// How many inputs a tensor of this shape holds; one without a batch axis is one input.
fn count(shape: &[usize], input_shape: &[usize]) -> Result<usize, String> {
    match shape.split_first() {
        _ if shape == input_shape => Ok(1),
        Some((0, rest)) if rest == input_shape => Err("the input is an empty batch".into()),
        Some((&count, rest)) if rest == input_shape => Ok(count),
        _ => Err(format!(
            "the input has shape {shape:?}: the network takes [n, {}]",
            input_shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
        )),
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value)).collect()
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
