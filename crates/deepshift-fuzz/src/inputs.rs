//! The command line is a program, of which no crate can use a part.
#[path = "../../deepshift-cli/src/inputs.rs"]
mod command_line;

use command_line::Inputs;

/// The shape of the network that is given them.
const SHAPE: [usize; 3] = [1, 2, 3];

/// A safetensors file as `deepshift run --input` takes it.
pub fn inputs(bytes: &[u8]) -> bool {
    let Ok(inputs) = Inputs::read(bytes, &SHAPE) else { return false };
    assert_eq!(inputs.input().count(&SHAPE), Ok(inputs.count));
    true
}
