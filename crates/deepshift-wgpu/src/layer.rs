//! Shaders of convolutions and linear layers.

use crate::gpu::Traits;
use crate::program::{Dispatch, WORKGROUP};
use crate::shader::Shader;
use deepshift_core::FixedPoint;
use deepshift_core::round::exp2;
use deepshift_lowering::{Coding, Geometry, Layer, Path, Weights};
use deepshift_shaders as wgsl;

/// Vectors that the matrix-vector kernel takes, at most: beyond, weights are read too often.
const MAX_VECTORS: usize = 4;

/// A device is taken to be busy with so many threads.
const ENOUGH_THREADS: usize = 16 * 1024;

/// The shader of a layer for so many pictures. `files` are those of its elements and its end, whose constants
/// `set_end` sets.
pub fn dispatch(
    layer: &Layer,
    files: [&'static str; 3],
    traits: Traits,
    pictures: usize,
    set_end: impl Fn(Shader) -> Shader,
) -> Dispatch {
    let geometry = &layer.geometry;
    let shader = |kernel: &[&'static str]| {
        let weights = weight_files(layer, traits);
        let all: Vec<&str> =
            [wgsl::TILE].iter().chain(&files).chain(&weights).chain(kernel).copied().collect();
        rounded(set_weights(set_end(Shader::new(&all)), layer), layer.rounding)
    };
    let outputs = pictures * geometry.output.pixels() * geometry.output.quads();
    match layer.path {
        Path::Product if geometry.is_linear() && pictures <= MAX_VECTORS => {
            vector(shader(&[wgsl::GEMV]), geometry, pictures)
        }
        Path::Product => matrix(shader, geometry, traits, pictures),
        Path::Direct => Dispatch {
            shader: set(shader(&[wgsl::GEOMETRY, wgsl::DIRECT]), geometry)
                .set("DEPTHWISE", geometry.conv.is_depthwise())
                .set_all(&[
                    ("IN_CHANNELS", geometry.conv.in_channels),
                    ("GROUP_IN", geometry.conv.group_in()),
                    ("GROUP_OUT", geometry.conv.group_out()),
                ]),
            workgroups: outputs.div_ceil(WORKGROUP) as u64,
        },
        Path::Naive => Dispatch {
            shader: set(shader(&[wgsl::GEOMETRY, wgsl::NAIVE]), geometry).set_all(&[
                ("OUT_CHANNELS", geometry.conv.out_channels),
                ("GROUP_IN", geometry.conv.group_in()),
                ("GROUP_OUT", geometry.conv.group_out()),
            ]),
            workgroups: outputs.div_ceil(WORKGROUP) as u64,
        },
    }
}

fn weight_files(layer: &Layer, traits: Traits) -> Vec<&'static str> {
    match layer.weights {
        Weights::Words => vec![],
        Weights::Shifts(_) => vec![wgsl::CODES, wgsl::SHIFTED],
        Weights::Integers(_) => vec![wgsl::CODES, wgsl::DECODED_INTEGER],
        Weights::Planes(_) if traits.packed_dot => vec![wgsl::DOT4_PACKED, wgsl::DOT],
        Weights::Planes(_) => vec![wgsl::DOT4_EMULATED, wgsl::DOT],
        Weights::Floats { .. } => vec![wgsl::CODES, wgsl::DECODED_FLOAT, wgsl::FLOAT_PRODUCTS],
        Weights::Plain => vec![wgsl::PLAIN_FLOAT, wgsl::FLOAT_PRODUCTS],
    }
}

fn set_weights(shader: Shader, layer: &Layer) -> Shader {
    let quads = layer.geometry.output.quads();
    match layer.weights {
        Weights::Words => shader,
        Weights::Shifts(coding) | Weights::Integers(coding) => set_coding(shader, coding, quads),
        Weights::Planes(planes) => shader.set_all(&[("PLANES", planes), ("DOT_QUADS", quads)]),
        Weights::Floats { coding, exponent } => {
            set_coding(shader, coding, quads).set("EXPONENT", exponent as usize)
        }
        Weights::Plain => shader.set("PLAIN_QUADS", quads),
    }
}

/// What `codes.wgsl` must know.
fn set_coding(shader: Shader, coding: Coding, quads: usize) -> Shader {
    shader.set("Q", coding.q).set_all(&[
        ("BITS", coding.bits.into()),
        ("TERMS", coding.terms),
        ("CODE_QUADS", quads),
    ])
}

fn rounded(shader: Shader, format: Option<FixedPoint>) -> Shader {
    let Some(format) = format else { return shader };
    shader
        .set("ROUNDED", true)
        .set("UNITS", exp2(format.fraction_bits))
        .set("UNIT", exp2(-format.fraction_bits))
        .set("LOWEST", format.lowest as f32)
        .set("HIGHEST", format.highest as f32)
}

fn set(shader: Shader, geometry: &Geometry) -> Shader {
    let conv = &geometry.conv;
    shader
        .set_all(&[
            ("KERNEL_HEIGHT", conv.kernel[0]),
            ("KERNEL_WIDTH", conv.kernel[1]),
            ("STRIDE_DOWN", conv.stride[0]),
            ("STRIDE_RIGHT", conv.stride[1]),
            ("DILATION_DOWN", conv.dilation[0]),
            ("DILATION_RIGHT", conv.dilation[1]),
            ("PADDING_TOP", conv.padding[0]),
            ("PADDING_LEFT", conv.padding[2]),
            ("IN_HEIGHT", geometry.input.height),
            ("IN_WIDTH", geometry.input.width),
            ("IN_QUADS", geometry.input.quads()),
            ("OUT_HEIGHT", geometry.output.height),
            ("OUT_WIDTH", geometry.output.width),
            ("OUT_QUADS", geometry.output.quads()),
        ])
        .set("PADDED", geometry.is_padded())
}

fn vector(shader: Shader, geometry: &Geometry, pictures: usize) -> Dispatch {
    let (inputs, outputs) = (geometry.input.quads(), geometry.output.quads());
    let split = floor_power_of_two(inputs).clamp(1, WORKGROUP / 4);
    let lanes = WORKGROUP / split;
    let tiles = outputs.div_ceil(lanes);
    let shader = shader.set_all(&[
        ("IN_QUADS", inputs),
        ("OUT_QUADS", outputs),
        ("LANES_OUT", lanes),
        ("SPLIT", split),
        ("TILES", tiles),
    ]);
    Dispatch { shader, workgroups: (tiles * pictures) as u64 }
}

fn matrix(
    shader: impl Fn(&[&'static str]) -> Shader,
    geometry: &Geometry,
    traits: Traits,
    pictures: usize,
) -> Dispatch {
    let groups = geometry.conv.groups;
    let group_in = geometry.conv.group_in().div_ceil(4);
    let group_out = geometry.conv.group_out().div_ceil(4);
    let rows = (pictures * geometry.output.pixels()).div_ceil(4);
    let two_quads = group_out > 1;
    let columns = group_out.div_ceil(1 + usize::from(two_quads));
    let threads = rows * columns * groups;
    let enough = if traits.is_cpu { 0 } else { ENOUGH_THREADS };
    let split = floor_power_of_two((enough / threads.max(1)).min(group_in)).clamp(1, 8);
    let lanes_out = floor_power_of_two(columns).min(8);
    let lanes_pixels = WORKGROUP / split / lanes_out;
    let tiles = columns.div_ceil(lanes_out);
    let sum = if split > 1 { wgsl::SUM_SHARED } else { wgsl::SUM_ALONE };
    let shader =
        set(shader(&[wgsl::GEOMETRY, wgsl::GEMM, sum]), geometry).set("TWO_QUADS", two_quads).set_all(&[
            ("GROUP_IN_QUADS", group_in),
            ("GROUP_OUT_QUADS", group_out),
            ("TILES", tiles),
            ("GROUPS", groups),
            ("LANES_OUT", lanes_out),
            ("LANES_PIXELS", lanes_pixels),
            ("SPLIT", split),
        ]);
    Dispatch { shader, workgroups: (rows.div_ceil(lanes_pixels) * tiles * groups) as u64 }
}

/// The largest power of two that is not larger; 1 for 0.
fn floor_power_of_two(value: usize) -> usize {
    1 << value.max(1).ilog2()
}
