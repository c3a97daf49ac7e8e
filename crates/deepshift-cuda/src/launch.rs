//! The kernel of each operation, its arguments and its threads.

use crate::parameters::{
    AFFINE, AS_IS, Add, Concat, Each, End, Gather, Layer, Multiply, NORM, Parameters, Pool, RESCALE,
};
use deepshift_core::graph::Pool as Windows;
use deepshift_lowering::{self as lowering, Element, Kind, Network, Operation, Path, Weights};

/// One launch of a kernel.
pub struct Launch {
    pub kernel: String,
    /// Addresses that come before the parameters: the result, operands, weights.
    pub addresses: Vec<u64>,
    pub parameters: Parameters,
    /// Across and down.
    pub blocks: (u32, u32),
    pub threads: u32,
}

/// Where things lie on the device.
pub struct Addresses<'a> {
    pub value: &'a dyn Fn(usize) -> u64,
    pub constant: &'a dyn Fn(usize) -> u64,
    pub workspace: u64,
    /// What the workspace is large enough for.
    pub shared_tiles: usize,
}

/// Threads of a block where nothing is shared.
const THREADS: usize = 128;

/// The tile of `tensor.cu`: so many pixels by so many quads of channels.
const TENSOR_PIXELS: usize = 64;
const TENSOR_QUADS: usize = 16;
/// Groups of fewer quads would leave most of a tile empty.
const LEAST_TENSOR_QUADS: usize = 4;
const MAX_TENSOR_PLANES: usize = 3;
/// Steps of 8 quads; blocks that share a tile do at least so many each.
const TENSOR_STEP: usize = 8;
const LEAST_TENSOR_STEPS: usize = 8;
/// Bytes of the workspace for each tile that blocks share.
pub const WORKSPACE_BYTES: usize = 4 * (64 * 64 + 32);

/// The tiles of `product` and `vector` in `layers.cu`.
const PRODUCT_LANES: usize = 8;
const PRODUCT_PIXELS: usize = 4;
const VECTOR_LANES: usize = 32;
const VECTOR_THREADS: u32 = 256;

/// Vectors that the matrix-vector kernels take, at most: beyond, weights are read too often.
const MAX_VECTORS: usize = 8;

/// How an operation runs for so many pictures.
pub fn launch(network: &Network, operation: &Operation, addresses: &Addresses, pictures: usize) -> Launch {
    let values: Vec<_> = operation.operands.iter().map(|&value| network.values[value]).collect();
    let (input, output) = (values[0], network.values[operation.output]);
    let is_float = input.element == Element::Float;
    let end = end(operation, addresses, output.element);
    let count = pictures * output.shape.pixels() * output.shape.quads();
    let (words, quads) = (count as u32, output.shape.quads() as u32);
    let pool = |windows: Option<&Windows>| {
        Parameters::Pool(Pool::new(end, words, windows, input.shape, output.shape))
    };
    let each = Parameters::Each(Each { end, count: words, quads, channels: output.shape.channels as u32 });
    let pick = |integers, floats| if is_float { floats } else { integers };
    let mover = if input.element == Element::Narrow { "gather_bytes" } else { "gather_words" };
    let (kernel, parameters) = match &operation.kind {
        Kind::Layer(layer) => return self::layer(layer, end, addresses, operation, pictures),
        Kind::Identity => (pick("identity_integers", "identity_floats"), each),
        Kind::Table(_) => ("table_integers", each),
        Kind::Activation(activation) => {
            let kernel = format!("{}_floats", activation.name());
            return plain(&kernel, operation, addresses, each, count);
        }
        Kind::Add(shifts) => (
            pick("add_integers", "add_floats"),
            Parameters::Add(Add {
                end,
                x: filled(operation.operands.iter().map(|&operand| (addresses.value)(operand))),
                shifts: filled(shifts.iter().copied()),
                operands: shifts.len() as u32,
                count: words,
                quads,
            }),
        ),
        Kind::Multiply => {
            let repeat = (output.shape.pixels() / values[1].shape.pixels()) as u32;
            (
                pick("multiply_integers", "multiply_floats"),
                Parameters::Multiply(Multiply { end, count: words, quads, repeat }),
            )
        }
        Kind::MaxPool(windows) => (pick("largest_integers", "largest_floats"), pool(Some(windows))),
        Kind::SumPool(windows) => ("sum_integers", pool(Some(windows))),
        Kind::MeanPool(windows) => ("mean_floats", pool(windows.as_ref())),
        &Kind::Concat { start, touched } => {
            let count = pictures * output.shape.pixels() * touched;
            let concat = Concat {
                end,
                count: count as u32,
                in_quads: input.shape.quads() as u32,
                in_channels: input.shape.channels as u32,
                out_quads: quads,
                start: start as u32,
                touched: touched as u32,
            };
            let kernel = pick("concat_integers", "concat_floats");
            return plain(kernel, operation, addresses, Parameters::Concat(concat), count);
        }
        Kind::Gather(_) => (mover, Parameters::Gather(Gather::new(words, input.shape, output.shape))),
    };
    plain(kernel, operation, addresses, parameters, count)
}

/// A launch with a thread for each of so many quads.
fn plain(
    kernel: &str,
    operation: &Operation,
    addresses: &Addresses,
    parameters: Parameters,
    quads: usize,
) -> Launch {
    let mut arguments = vec![(addresses.value)(operation.output)];
    // An addition has its operands among its parameters.
    if !matches!(operation.kind, Kind::Add(_)) {
        arguments.extend(operation.operands.iter().map(|&operand| (addresses.value)(operand)));
    }
    arguments.extend(operation.kind.constant().map(addresses.constant));
    Launch {
        kernel: kernel.into(),
        addresses: arguments,
        parameters,
        blocks: (quads.div_ceil(THREADS) as u32, 1),
        threads: THREADS as u32,
    }
}

fn end(operation: &Operation, addresses: &Addresses, element: Element) -> End {
    let (kind, lowest, highest) = match operation.end {
        lowering::End::AsIs => (AS_IS, 0, 0),
        lowering::End::Rescale(_, format) => (RESCALE, format.lowest, format.highest),
        lowering::End::Affine(_) => (AFFINE, 0, 0),
        lowering::End::Norm(_) => (NORM, 0, 0),
    };
    End {
        parameters: operation.end.constant().map_or(0, addresses.constant),
        kind,
        lowest,
        highest,
        is_wide: (element == Element::Wide).into(),
    }
}

fn filled<T: Copy + Default, const N: usize>(values: impl Iterator<Item = T>) -> [T; N] {
    let mut array = [T::default(); N];
    array.iter_mut().zip(values).for_each(|(place, value)| *place = value);
    array
}

fn layer(
    layer: &lowering::Layer,
    end: End,
    addresses: &Addresses,
    operation: &Operation,
    pictures: usize,
) -> Launch {
    let is_float = end.kind == AFFINE;
    let geometry = &layer.geometry;
    let pixels = pictures * geometry.output.pixels();
    let parameters =
        Layer::new(end, geometry, pictures).with_weights(layer.weights).with_rounding(layer.rounding);
    let group_quads = geometry.conv.group_out().div_ceil(4);
    let outputs = pixels * geometry.output.quads();
    let launch = |kernel, blocks: usize, threads| {
        let parameters = Parameters::Layer(parameters);
        let arguments = vec![
            (addresses.value)(operation.output),
            (addresses.value)(operation.operands[0]),
            (addresses.constant)(layer.constant),
        ];
        Launch { kernel, addresses: arguments, parameters, blocks: (blocks as u32, 1), threads }
    };
    let weights = name(layer.weights, is_float);
    match layer.path {
        Path::Naive => launch(format!("naive_{weights}"), outputs.div_ceil(THREADS), THREADS as u32),
        Path::Direct => launch(format!("direct_{weights}"), outputs.div_ceil(THREADS), THREADS as u32),
        Path::Product if geometry.is_linear() && pictures <= MAX_VECTORS => {
            let tiles = geometry.output.quads().div_ceil(VECTOR_LANES);
            launch(format!("vector_{weights}"), tiles * pictures, VECTOR_THREADS)
        }
        Path::Product => match layer.weights {
            Weights::Planes(planes) if planes <= MAX_TENSOR_PLANES && group_quads >= LEAST_TENSOR_QUADS => {
                let columns = group_quads.div_ceil(TENSOR_QUADS) * geometry.conv.groups;
                let tiles = pixels.div_ceil(TENSOR_PIXELS) * columns;
                let all_steps =
                    (geometry.conv.taps() * geometry.conv.group_in().div_ceil(4)).div_ceil(TENSOR_STEP);
                let steps = shared_steps(all_steps, tiles, addresses.shared_tiles);
                let mut launch = launch(format!("tensor_{planes}"), tiles, THREADS as u32);
                launch.blocks.1 = all_steps.div_ceil(steps) as u32;
                launch.addresses.push(addresses.workspace);
                launch.parameters = Parameters::Layer(Layer { steps: steps as u32, ..parameters });
                launch
            }
            _ => {
                let columns = group_quads.div_ceil(PRODUCT_LANES) * geometry.conv.groups;
                let rows = pixels.div_ceil(PRODUCT_PIXELS * (THREADS / PRODUCT_LANES));
                launch(format!("product_{weights}"), rows * columns, THREADS as u32)
            }
        },
    }
}

/// Steps of a tile that one block does, so that also few tiles keep two blocks on every processor busy.
fn shared_steps(all_steps: usize, tiles: usize, shared_tiles: usize) -> usize {
    let blocks = if tiles <= shared_tiles { 4 * shared_tiles / tiles.max(1) } else { 1 };
    all_steps.div_ceil(blocks).max(LEAST_TENSOR_STEPS).min(all_steps.max(1))
}

/// What kernels call weights.
fn name(weights: Weights, is_float: bool) -> &'static str {
    match weights {
        Weights::Shifts(_) => "shifts",
        Weights::Integers(_) => "integers",
        Weights::Planes(_) => "planes",
        Weights::Plain => "plain",
        Weights::Floats { .. } => "floats",
        Weights::Words if is_float => "floats",
        Weights::Words => "integers",
    }
}
