//! The structs that kernels take, word for word as `kernels-cuda/cuda` declares them.

use deepshift_core::FixedPoint;
use deepshift_core::graph::{Pool as Windows, Shape};
use deepshift_core::round::exp2;
use deepshift_lowering::{Coding, Geometry, MAX_OPERANDS, Weights};

/// What is done with results before they are stored: `elements.cuh`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct End {
    /// Address on the device.
    pub parameters: u64,
    pub kind: u32,
    pub lowest: i32,
    pub highest: i32,
    pub is_wide: u32,
}

/// `layer.cuh`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Layer {
    pub end: End,
    pub kernel: [u32; 2],
    pub stride: [u32; 2],
    pub dilation: [u32; 2],
    pub padding: [u32; 2],
    pub input: Size,
    pub output: Size,
    pub channels: [u32; 2],
    pub group_in: u32,
    pub group_out: u32,
    pub groups: u32,
    pub pixels: u32,
    pub steps: u32,
    pub bits: u32,
    pub terms: u32,
    pub planes: u32,
    pub is_q: u32,
    pub exponent: u32,
    pub is_rounded: u32,
    pub units: f32,
    pub unit: f32,
    pub lowest: f32,
    pub highest: f32,
}

/// Height, width and quads of a picture.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Size {
    pub height: u32,
    pub width: u32,
    pub quads: u32,
}

/// `operations.cu`, as all that follow.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Each {
    pub end: End,
    pub count: u32,
    pub quads: u32,
    pub channels: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Add {
    pub end: End,
    /// Addresses on the device.
    pub x: [u64; MAX_OPERANDS],
    pub shifts: [u32; MAX_OPERANDS],
    pub operands: u32,
    pub count: u32,
    pub quads: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Multiply {
    pub end: End,
    pub count: u32,
    pub quads: u32,
    pub repeat: u32,
}

#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Pool {
    pub end: End,
    pub count: u32,
    pub quads: u32,
    pub input: [u32; 2],
    pub output: [u32; 2],
    pub kernel: [u32; 2],
    pub stride: [u32; 2],
    pub padding: [u32; 2],
    pub is_adaptive: u32,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Concat {
    pub end: End,
    pub count: u32,
    pub in_quads: u32,
    pub in_channels: u32,
    pub out_quads: u32,
    pub start: u32,
    pub touched: u32,
}

#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Gather {
    pub count: u32,
    pub in_quads: u32,
    pub in_pixels: u32,
    pub out_quads: u32,
    pub out_pixels: u32,
    pub out_channels: u32,
}

/// What ends an operation.
pub const AS_IS: u32 = 0;
pub const RESCALE: u32 = 1;
pub const AFFINE: u32 = 2;
pub const NORM: u32 = 3;

/// The last argument of a kernel.
#[derive(Debug, Clone, Copy)]
pub enum Parameters {
    Layer(Layer),
    Each(Each),
    Add(Add),
    Multiply(Multiply),
    Pool(Pool),
    Concat(Concat),
    Gather(Gather),
}

impl Parameters {
    /// Where the struct lies.
    pub fn address(&self) -> *mut std::ffi::c_void {
        match self {
            Self::Layer(layer) => std::ptr::from_ref(layer).cast_mut().cast(),
            Self::Each(each) => std::ptr::from_ref(each).cast_mut().cast(),
            Self::Add(add) => std::ptr::from_ref(add).cast_mut().cast(),
            Self::Multiply(multiply) => std::ptr::from_ref(multiply).cast_mut().cast(),
            Self::Pool(pool) => std::ptr::from_ref(pool).cast_mut().cast(),
            Self::Concat(concat) => std::ptr::from_ref(concat).cast_mut().cast(),
            Self::Gather(gather) => std::ptr::from_ref(gather).cast_mut().cast(),
        }
    }
}

impl Layer {
    /// For so many pictures; weights and rounding come after.
    pub fn new(end: End, geometry: &Geometry, pictures: usize) -> Self {
        let conv = &geometry.conv;
        let [top, _, left, _] = conv.padding;
        Self {
            end,
            kernel: words(conv.kernel),
            stride: words(conv.stride),
            dilation: words(conv.dilation),
            padding: words([top, left]),
            input: Size::of(geometry.input),
            output: Size::of(geometry.output),
            channels: words([conv.in_channels, conv.out_channels]),
            group_in: conv.group_in() as u32,
            group_out: conv.group_out() as u32,
            groups: conv.groups as u32,
            pixels: (pictures * geometry.output.pixels()) as u32,
            ..Default::default()
        }
    }

    pub fn with_weights(self, weights: Weights) -> Self {
        match weights {
            Weights::Shifts(coding) | Weights::Integers(coding) => self.with_coding(coding),
            Weights::Floats { coding, exponent } => Self { exponent, ..self.with_coding(coding) },
            Weights::Planes(planes) => Self { planes: planes as u32, ..self },
            Weights::Plain | Weights::Words => self,
        }
    }

    fn with_coding(self, coding: Coding) -> Self {
        let Coding { bits, terms, q } = coding;
        Self { bits: bits.into(), terms: terms as u32, is_q: q.into(), ..self }
    }

    pub fn with_rounding(self, format: Option<FixedPoint>) -> Self {
        let Some(format) = format else { return self };
        Self {
            is_rounded: 1,
            units: exp2(format.fraction_bits),
            unit: exp2(-format.fraction_bits),
            lowest: format.lowest as f32,
            highest: format.highest as f32,
            ..self
        }
    }
}

impl Size {
    fn of(shape: Shape) -> Self {
        Self { height: shape.height as u32, width: shape.width as u32, quads: shape.quads() as u32 }
    }
}

impl Pool {
    /// Without windows those of an adaptive average.
    pub fn new(end: End, count: u32, windows: Option<&Windows>, input: Shape, output: Shape) -> Self {
        Self {
            end,
            count,
            quads: output.quads() as u32,
            input: words([input.height, input.width]),
            output: words([output.height, output.width]),
            is_adaptive: windows.is_none().into(),
            ..windows.map_or(Self::default(), |windows| Self {
                kernel: words(windows.kernel),
                stride: words(windows.stride),
                padding: words(windows.padding),
                ..Self::default()
            })
        }
    }
}

impl Gather {
    pub fn new(count: u32, input: Shape, output: Shape) -> Self {
        Self {
            count,
            in_quads: input.quads() as u32,
            in_pixels: input.pixels() as u32,
            out_quads: output.quads() as u32,
            out_pixels: output.pixels() as u32,
            out_channels: output.channels as u32,
        }
    }
}

/// Nothing is cut off: `Graph::shapes` allows no size, stride or dilation above `2^28`. Counts of all pictures are
/// bounded by the largest value that [`Resident`](crate::resident::Resident) takes.
fn words(pair: [usize; 2]) -> [u32; 2] {
    pair.map(|value| value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_kernels_cuda::{LAYERS, OPERATIONS, TENSOR};

    /// The kernels know ends by these numbers, in the order of their enum.
    #[test]
    fn numbers_are_those_of_the_kernels() {
        let elements = include_str!("../../../kernels-cuda/cuda/elements.cuh");
        assert!(elements.contains("enum EndKind { AS_IS, RESCALE, AFFINE, NORM };"));
        assert_eq!([AS_IS, RESCALE, AFFINE, NORM], [0, 1, 2, 3]);
    }

    #[test]
    fn structs_are_as_large_as_the_kernels_take() {
        let cases = [
            (LAYERS, "direct_shifts_param_3", size_of::<Layer>()),
            (TENSOR, "tensor_1_param_4", size_of::<Layer>()),
            (OPERATIONS, "identity_integers_param_2", size_of::<Each>()),
            (OPERATIONS, "add_integers_param_1", size_of::<Add>()),
            (OPERATIONS, "multiply_integers_param_3", size_of::<Multiply>()),
            (OPERATIONS, "largest_integers_param_2", size_of::<Pool>()),
            (OPERATIONS, "concat_integers_param_2", size_of::<Concat>()),
            (OPERATIONS, "gather_bytes_param_3", size_of::<Gather>()),
        ];
        for (ptx, parameter, size) in cases {
            assert!(ptx.contains(&format!(" {parameter}[{size}]")), "{parameter} is not of {size} bytes");
        }
    }
}
