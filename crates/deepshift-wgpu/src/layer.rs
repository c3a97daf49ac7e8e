//! Convolutions and linear layers: which shader runs them, and how it is cut into threads.

use crate::network::{Dispatch, Shape, WORKGROUP};
use crate::shader::Shader;
use deepshift_core::Kernel;
use deepshift_core::graph::{Conv2d, Op};
use deepshift_shaders as wgsl;

/// A convolution between two shapes. A linear layer is a 1x1 convolution over a picture of one pixel.
#[derive(Debug, Clone)]
pub struct Geometry {
    pub conv: Conv2d,
    pub input: Shape,
    pub output: Shape,
}

/// Which kernel computes a layer, decided by its geometry and the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Matrix product; a matrix-vector product where there are few rows.
    Product,
    /// Pixel by pixel, for depthwise layers and groups that do not fall on quads.
    Direct,
    /// Output by output.
    Naive,
}

/// A layer's shader but for what depends on the number of pictures.
pub struct Layer {
    pub geometry: Geometry,
    pub path: Path,
    /// Files that come before the kernel's: elements, weights and the end.
    pub files: Vec<&'static str>,
    /// Constants of these files are set already.
    pub set: Box<dyn Fn(Shader) -> Shader + Send + Sync>,
    /// Whether the device is a CPU: then threads do not share sums.
    pub is_cpu: bool,
}

/// Vectors that the matrix-vector kernel takes, at most: beyond, weights are read too often.
const MAX_VECTORS: usize = 4;

/// A device is taken to be busy with so many threads.
const ENOUGH_THREADS: usize = 16 * 1024;

impl Geometry {
    /// The geometry of a layer; `None` for other operations.
    pub fn new(op: &Op, input: Shape, output: Shape) -> Option<Self> {
        let conv = match op {
            Op::Conv2d(conv) => conv.clone(),
            Op::Linear(linear) => Conv2d::square(linear.in_features, linear.out_features, 1),
            _ => return None,
        };
        Some(Self { conv, input, output })
    }

    /// Input channels of one group.
    pub fn group_in(&self) -> usize {
        self.conv.in_channels / self.conv.groups
    }

    /// Output channels of one group.
    pub fn group_out(&self) -> usize {
        self.conv.out_channels / self.conv.groups
    }

    pub fn taps(&self) -> usize {
        self.conv.kernel[0] * self.conv.kernel[1]
    }

    /// Where PyTorch's `[out, in / groups, height, width]` has a weight.
    pub fn weight_index(&self, channel: usize, tap: usize, input: usize) -> usize {
        (channel * self.group_in() + input) * self.taps() + tap
    }

    /// One input channel for each output channel, alone.
    pub fn is_depthwise(&self) -> bool {
        self.group_in() == 1 && self.group_out() == 1
    }

    /// Whether every group is a range of whole quads.
    pub fn is_aligned(&self) -> bool {
        self.conv.groups == 1 || (self.group_in().is_multiple_of(4) && self.group_out().is_multiple_of(4))
    }

    /// Steps of `k` for each tap in the order of [`Path::Product`], channels padded to quads, or else of [`Path::Direct`].
    pub fn steps_of_tap(&self, path: Path) -> usize {
        if path == Path::Product { self.group_in().next_multiple_of(4) } else { self.group_in() }
    }

    fn is_linear(&self) -> bool {
        self.input.pixels() == 1 && self.output.pixels() == 1 && self.taps() == 1 && self.conv.groups == 1
    }

    fn is_padded(&self) -> bool {
        let reach = |axis: usize| {
            let conv = &self.conv;
            let size = [self.output.height, self.output.width][axis];
            (size - 1) * conv.stride[axis] + (conv.kernel[axis] - 1) * conv.dilation[axis]
        };
        let [top, _, left, _] = self.conv.padding;
        top > 0 || left > 0 || reach(0) >= self.input.height || reach(1) >= self.input.width
    }

    fn set(&self, shader: Shader) -> Shader {
        let conv = &self.conv;
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
                ("IN_HEIGHT", self.input.height),
                ("IN_WIDTH", self.input.width),
                ("IN_QUADS", self.input.quads()),
                ("OUT_HEIGHT", self.output.height),
                ("OUT_WIDTH", self.output.width),
                ("OUT_QUADS", self.output.quads()),
            ])
            .set("PADDED", self.is_padded())
    }
}

impl Path {
    /// The path of a layer for this family of kernels.
    pub fn choose(geometry: &Geometry, kernel: Kernel) -> Self {
        match kernel {
            Kernel::NaiveMultiply => Self::Naive,
            _ if geometry.is_aligned() => Self::Product,
            _ => Self::Direct,
        }
    }
}

impl Layer {
    pub fn dispatch(&self, pictures: usize) -> Dispatch {
        let geometry = &self.geometry;
        let outputs = pictures * geometry.output.pixels() * geometry.output.quads();
        match self.path {
            Path::Product if geometry.is_linear() && pictures <= MAX_VECTORS => self.vector(pictures),
            Path::Product => self.matrix(pictures),
            Path::Direct => Dispatch {
                shader: geometry
                    .set(self.shader(&[wgsl::GEOMETRY, wgsl::DIRECT]))
                    .set("DEPTHWISE", geometry.is_depthwise())
                    .set_all(&[
                        ("IN_CHANNELS", geometry.conv.in_channels),
                        ("GROUP_IN", geometry.group_in()),
                        ("GROUP_OUT", geometry.group_out()),
                    ]),
                workgroups: outputs.div_ceil(WORKGROUP) as u64,
            },
            Path::Naive => Dispatch {
                shader: geometry.set(self.shader(&[wgsl::GEOMETRY, wgsl::NAIVE])).set_all(&[
                    ("OUT_CHANNELS", geometry.conv.out_channels),
                    ("GROUP_IN", geometry.group_in()),
                    ("GROUP_OUT", geometry.group_out()),
                ]),
                workgroups: outputs.div_ceil(WORKGROUP) as u64,
            },
        }
    }

    fn shader(&self, kernel: &[&'static str]) -> Shader {
        let files: Vec<&str> = [wgsl::TILE].iter().chain(&self.files).chain(kernel).copied().collect();
        (self.set)(Shader::new(&files))
    }

    fn vector(&self, pictures: usize) -> Dispatch {
        let (inputs, outputs) = (self.geometry.input.quads(), self.geometry.output.quads());
        let split = floor_power_of_two(inputs).clamp(1, WORKGROUP / 4);
        let lanes = WORKGROUP / split;
        let tiles = outputs.div_ceil(lanes);
        let shader = self.shader(&[wgsl::GEMV]).set_all(&[
            ("IN_QUADS", inputs),
            ("OUT_QUADS", outputs),
            ("LANES_OUT", lanes),
            ("SPLIT", split),
            ("TILES", tiles),
        ]);
        Dispatch { shader, workgroups: (tiles * pictures) as u64 }
    }

    fn matrix(&self, pictures: usize) -> Dispatch {
        let geometry = &self.geometry;
        let groups = if geometry.conv.groups == 1 { 1 } else { geometry.conv.groups };
        let group_in = geometry.group_in().div_ceil(4);
        let group_out = geometry.group_out().div_ceil(4);
        let rows = (pictures * geometry.output.pixels()).div_ceil(4);
        let two_quads = group_out > 1;
        let columns = group_out.div_ceil(1 + usize::from(two_quads));
        let threads = rows * columns * groups;
        let enough = if self.is_cpu { 0 } else { ENOUGH_THREADS };
        let split = floor_power_of_two((enough / threads.max(1)).min(group_in)).clamp(1, 8);
        let lanes_out = floor_power_of_two(columns).min(8);
        let lanes_pixels = WORKGROUP / split / lanes_out;
        let tiles = columns.div_ceil(lanes_out);
        let sum = if split > 1 { wgsl::SUM_SHARED } else { wgsl::SUM_ALONE };
        let shader = geometry
            .set(self.shader(&[wgsl::GEOMETRY, wgsl::GEMM, sum]))
            .set("TWO_QUADS", two_quads)
            .set_all(&[
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
}

/// The largest power of two that is not larger; 1 for 0.
fn floor_power_of_two(value: usize) -> usize {
    1 << value.max(1).ilog2()
}
