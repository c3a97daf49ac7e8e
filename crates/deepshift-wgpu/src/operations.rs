//! Shaders of the operations without weights.

use crate::network::{OPERAND, Program, Shape};
use crate::shader::Shader;
use crate::{Error, Result};
use deepshift_core::graph::{PadShortcut, Pool};
use deepshift_shaders as wgsl;

/// Operands of one addition, at most: devices promise eight storage buffers, and two hold the result and its epilogue.
pub const MAX_OPERANDS: usize = 6;

/// An addition of operands that are shifted left by so many bits.
pub fn add(shader: Shader, name: &str, shifts: &[u32]) -> Result<Shader> {
    if shifts.len() > MAX_OPERANDS {
        return Err(Error::Limit(format!(
            "node {name}: an addition of {} operands, and storage buffers allow {MAX_OPERANDS}",
            shifts.len()
        )));
    }
    let shader = shader.set("OPERANDS", shifts.len());
    Ok(shifts
        .iter()
        .enumerate()
        .fold(shader, |shader, (index, &shift)| shader.set(&format!("SHIFT_{index}"), shift as usize)))
}

/// Bindings of an operation's operands. An addition has as many as its shader could read.
pub fn bindings(values: &[usize], is_add: bool) -> Vec<(u32, usize)> {
    let most = if is_add { MAX_OPERANDS } else { values.len() };
    (OPERAND..).zip((0..most).filter_map(|index| values.get(index).or(values.first()).copied())).collect()
}

/// The windows of a pooling, or without one those of an adaptive average.
pub fn pool(shader: Shader, pool: Option<&Pool>, input: Shape, output: Shape) -> Shader {
    let whole = Pool { kernel: [1; 2], stride: [1; 2], padding: [0; 2], ceil_mode: false };
    let windows = pool.unwrap_or(&whole);
    shader.set("ADAPTIVE", pool.is_none()).set_all(&[
        ("IN_HEIGHT", input.height),
        ("IN_WIDTH", input.width),
        ("OUT_HEIGHT", output.height),
        ("OUT_WIDTH", output.width),
        ("KERNEL_HEIGHT", windows.kernel[0]),
        ("KERNEL_WIDTH", windows.kernel[1]),
        ("STRIDE_DOWN", windows.stride[0]),
        ("STRIDE_RIGHT", windows.stride[1]),
        ("PADDING_DOWN", windows.padding[0]),
        ("PADDING_RIGHT", windows.padding[1]),
    ])
}

/// The operand that becomes channels `start..`.
pub fn concat(shader: Shader, start: usize, input: Shape, output: Shape) -> Program {
    let touched = (start + input.channels).div_ceil(4) - start / 4;
    let shader = shader.set_all(&[
        ("IN_QUADS", input.quads()),
        ("IN_CHANNELS", input.channels),
        ("OUT_QUADS", output.quads()),
        ("START", start),
        ("TOUCHED", touched),
    ]);
    Program::Each(shader, output.pixels() * touched)
}

/// `element` is the file of the values that are moved.
fn gather(element: &str, source: &str, input: Shape, output: Shape) -> Shader {
    Shader::new(&[element, source, wgsl::GATHER]).set_all(&[
        ("IN_QUADS", input.quads()),
        ("OUT_QUADS", output.quads()),
        ("OUT_CHANNELS", output.channels),
    ])
}

pub fn flatten(element: &str, input: Shape, output: Shape) -> Shader {
    gather(element, wgsl::FLATTEN, input, output).set("IN_PIXELS", input.pixels())
}

pub fn slice(element: &str, start: usize, input: Shape, output: Shape) -> Shader {
    gather(element, wgsl::SLICE, input, output).set("START", start)
}

pub fn shuffle(element: &str, groups: usize, shape: Shape) -> Shader {
    gather(element, wgsl::SHUFFLE, shape, shape)
        .set_all(&[("GROUPS", groups), ("EACH", shape.channels / groups)])
}

pub fn pad_shortcut(element: &str, shortcut: &PadShortcut, input: Shape, output: Shape) -> Shader {
    gather(element, wgsl::PAD_SHORTCUT, input, output).set_all(&[
        ("STRIDE", shortcut.stride),
        ("BEFORE", shortcut.before),
        ("IN_CHANNELS", input.channels),
        ("IN_HEIGHT", input.height),
        ("IN_WIDTH", input.width),
        ("OUT_HEIGHT", output.height),
        ("OUT_WIDTH", output.width),
    ])
}
