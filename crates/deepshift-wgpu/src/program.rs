//! The shader of each operation, and how it is cut into threads.

use crate::gpu::Traits;
use crate::layer;
use crate::shader::Shader;
use deepshift_core::graph::{Activation, Pool, Shape};
use deepshift_lowering::{Element, End, Kind, MAX_OPERANDS, Network, Operation, Value};
use deepshift_shaders as wgsl;

/// A shader and how many workgroups it takes.
pub struct Dispatch {
    pub shader: Shader,
    pub workgroups: u64,
}

/// What an operation's shader binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Value(usize),
    Constant(usize),
}

/// Threads of a workgroup in every shader.
pub const WORKGROUP: usize = 64;

/// Binding of the result, of the parameters that end an operation, of its first operand and, in layers, of the weights.
pub const OUTPUT: u32 = 0;
const PARAMETERS: u32 = 1;
const OPERAND: u32 = 2;
const WEIGHTS: u32 = 3;

/// Everything that an operation binds, by the number of its binding; the result comes first.
pub fn bindings(operation: &Operation) -> Vec<(u32, Source)> {
    let operands = &operation.operands;
    // An addition binds as many as its shader could read.
    let most = if matches!(operation.kind, Kind::Add(_)) { MAX_OPERANDS } else { operands.len() };
    let read = (0..most).filter_map(|index| operands.get(index).or(operands.first()));
    let mut bindings = vec![(OUTPUT, Source::Value(operation.output))];
    bindings.extend((OPERAND..).zip(read.map(|&value| Source::Value(value))));
    bindings.extend(operation.kind.constant().map(|constant| (WEIGHTS, Source::Constant(constant))));
    bindings.extend(operation.end.constant().map(|constant| (PARAMETERS, Source::Constant(constant))));
    bindings
}

/// The shader of an operation for so many pictures.
pub fn dispatch(network: &Network, operation: &Operation, traits: Traits, pictures: usize) -> Dispatch {
    let value = |index: usize| network.values[index];
    let (input, output) = (value(operation.operands[0]), value(operation.output));
    let shader = |files: &[&str]| ended(operation, input, output, files);
    let quads = output.shape.quads();
    let shader = match &operation.kind {
        Kind::Layer(layer) => {
            let files = files(operation, input, output);
            return layer::dispatch(layer, files, traits, pictures, |shader| set_format(shader, operation));
        }
        Kind::Identity => each(shader(&[wgsl::IDENTITY, wgsl::EACH]), output.shape),
        Kind::Table(_) => each(shader(&[wgsl::TABLE, wgsl::EACH]), output.shape),
        Kind::Activation(activation) => {
            let applied = applied(*activation);
            let files: &[&str] = &[wgsl::GATES, &applied, wgsl::EACH];
            each(shader(files), output.shape)
        }
        Kind::Add(shifts) => {
            let moved = if input.element == Element::Float { wgsl::MOVED_FLOAT } else { wgsl::MOVED_INTEGER };
            add(shader(&[moved, wgsl::ADD]), shifts).set("QUADS", quads)
        }
        Kind::Multiply => {
            let gate = value(operation.operands[1]).shape;
            let repeat = output.shape.pixels() / gate.pixels();
            shader(&[wgsl::MULTIPLY]).set_all(&[("QUADS", quads), ("REPEAT", repeat)])
        }
        Kind::MaxPool(windows) => {
            let shader = shader(&[wgsl::MEAN_NONE, wgsl::POOL]).set("LARGEST", true);
            pool(shader, Some(windows), input.shape, output.shape)
        }
        Kind::SumPool(windows) => {
            let shader = shader(&[wgsl::MEAN_NONE, wgsl::POOL]);
            pool(shader, Some(windows), input.shape, output.shape)
        }
        Kind::MeanPool(windows) => {
            let shader = shader(&[wgsl::MEAN_FLOAT, wgsl::POOL]);
            pool(shader, windows.as_ref(), input.shape, output.shape)
        }
        &Kind::Concat { start, touched } => {
            let shader = concat(shader(&[wgsl::CONCAT]), start, touched, input.shape, output.shape);
            return threads(shader, pictures * output.shape.pixels() * touched);
        }
        Kind::Gather(_) => gather(input, output),
    };
    threads(shader, pictures * output.shape.pixels() * quads)
}

fn threads(shader: Shader, threads: usize) -> Dispatch {
    Dispatch { shader, workgroups: threads.div_ceil(WORKGROUP) as u64 }
}

/// The files that every operation begins with: its elements and its end.
fn files(operation: &Operation, input: Value, output: Value) -> [&'static str; 3] {
    let out = if input.element == output.element { wgsl::OUT_SAME } else { wgsl::OUT_WIDE };
    let end = match operation.end {
        End::AsIs => wgsl::AS_IS,
        End::Rescale(..) => wgsl::RESCALE,
        End::Affine(_) => wgsl::AFFINE,
        End::Norm(_) => wgsl::BATCH_NORM,
    };
    [element(input), out, end]
}

fn element(value: Value) -> &'static str {
    match value.element {
        Element::Narrow => wgsl::NARROW,
        Element::Wide => wgsl::WIDE,
        Element::Float => wgsl::FLOAT,
    }
}

fn ended(operation: &Operation, input: Value, output: Value, more: &[&str]) -> Shader {
    let all: Vec<&str> = files(operation, input, output).iter().chain(more).copied().collect();
    set_format(Shader::new(&all), operation)
}

fn set_format(shader: Shader, operation: &Operation) -> Shader {
    match operation.end {
        End::Rescale(_, format) => shader.set("LOWEST", format.lowest).set("HIGHEST", format.highest),
        End::AsIs | End::Affine(_) | End::Norm(_) => shader,
    }
}

fn each(shader: Shader, output: Shape) -> Shader {
    shader.set_all(&[("QUADS", output.quads()), ("CHANNELS", output.channels)])
}

/// An addition of operands that are shifted left by so many bits.
fn add(shader: Shader, shifts: &[u32]) -> Shader {
    let shader = shader.set("OPERANDS", shifts.len());
    shifts
        .iter()
        .enumerate()
        .fold(shader, |shader, (index, &shift)| shader.set(&format!("SHIFT_{index}"), shift as usize))
}

/// The windows of a pooling, or without one those of an adaptive average.
fn pool(shader: Shader, pool: Option<&Pool>, input: Shape, output: Shape) -> Shader {
    let whole = Pool { kernel: [1; 2], stride: [1; 2], padding: [0; 2], ceil_mode: false };
    let windows = pool.unwrap_or(&whole);
    shader.set("ADAPTIVE", pool.is_none()).set_all(&[
        ("QUADS", output.quads()),
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

/// The operand that becomes channels `start..`; it touches so many quads of each pixel.
fn concat(shader: Shader, start: usize, touched: usize, input: Shape, output: Shape) -> Shader {
    shader.set_all(&[
        ("IN_QUADS", input.quads()),
        ("IN_CHANNELS", input.channels),
        ("OUT_QUADS", output.quads()),
        ("START", start),
        ("TOUCHED", touched),
    ])
}

/// Values in other places.
fn gather(input: Value, output: Value) -> Shader {
    Shader::new(&[element(input), wgsl::GATHER]).set_all(&[
        ("IN_QUADS", input.shape.quads()),
        ("IN_PIXELS", input.shape.pixels()),
        ("OUT_QUADS", output.shape.quads()),
        ("OUT_PIXELS", output.shape.pixels()),
        ("OUT_CHANNELS", output.shape.channels),
    ])
}

/// The WGSL of a function of each element.
fn applied(activation: Activation) -> String {
    format!("fn applied(x: Lanes) -> Lanes {{\nreturn {};\n}}\n", activation.expressions().wgsl)
}
