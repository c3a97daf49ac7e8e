//! Shapes of all nodes, and whether the graph makes sense at all.

use super::{Conv2d, Graph, Linear, Node, Op, Pool, WeightKind, check_order, node_error};
use crate::{Error, Result};

/// No node may have more elements per picture, no weight more entries, and no window more positions; neither strides nor
/// dilations are larger. Executors count in 32 bits what these bound, GPUs and browsers everything.
pub const MAX_ELEMENTS: usize = 1 << 28;

/// All nodes together may have no more elements per picture: an interpreter that keeps every value needs 2 GiB.
pub const MAX_TOTAL_ELEMENTS: usize = 1 << 29;

type ShapeResult = std::result::Result<Vec<usize>, String>;

impl Graph {
    /// The shape of every node's value for one picture. Checks names, order, operands and sizes on the way.
    pub fn shapes(&self) -> Result<Vec<Vec<usize>>> {
        check_order(self.nodes.iter().map(|node| (node.name.as_str(), node.inputs.as_slice())))?;
        let mut shapes: Vec<Vec<usize>> = Vec::with_capacity(self.nodes.len());
        let mut total = TotalElements::default();
        for (index, node) in self.nodes.iter().enumerate() {
            if matches!(node.op, Op::Input(_)) != (index == 0) {
                return Err(node_error(&node.name, "the first node, and only it, must be the input"));
            }
            let inputs: Vec<&[usize]> = node.inputs.iter().map(|&input| shapes[input].as_slice()).collect();
            let shape = node.op.shape(&inputs).map_err(|what| node_error(&node.name, what))?;
            total.add(&node.name, &shape)?;
            check_parameters(node)?;
            check_numbers(&node.op).map_err(|what| node_error(&node.name, what))?;
            shapes.push(shape);
        }
        if self.outputs.is_empty() || self.outputs.iter().any(|&output| output >= self.nodes.len()) {
            return Err(Error::argument("the graph needs outputs that are among its nodes"));
        }
        Ok(shapes)
    }

    /// Multiply-accumulates of the convolutions and linear layers that the logits of one picture need.
    pub fn multiply_accumulates(&self) -> Result<u64> {
        let shapes = self.shapes()?;
        let needed = self.nodes.iter().zip(&shapes).zip(self.needed()).filter(|(_, needed)| *needed);
        let each = needed.map(|((node, shape), _)| node.op.multiply_accumulates(shape));
        Ok(each.fold(0, u64::saturating_add))
    }
}

pub(super) fn product(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
}

/// Counts the elements of node after node against both limits.
#[derive(Default)]
pub(crate) struct TotalElements(usize);

impl TotalElements {
    pub(crate) fn add(&mut self, node: &str, shape: &[usize]) -> Result<()> {
        let elements = product(shape).filter(|&elements| elements <= MAX_ELEMENTS).ok_or_else(|| {
            Error::Limit(format!("node {node}: shape {shape:?} has more than {MAX_ELEMENTS} elements"))
        })?;
        self.0 += elements;
        if self.0 > MAX_TOTAL_ELEMENTS {
            return Err(Error::Limit(format!(
                "node {node}: the nodes so far have more than {MAX_TOTAL_ELEMENTS} elements"
            )));
        }
        Ok(())
    }
}

/// Checks the real numbers of an operation; JSON has no way to write NaN and infinity.
fn check_numbers(op: &Op) -> std::result::Result<(), String> {
    let (usable, otherwise) = match op {
        Op::BatchNorm(norm) => (norm.eps.is_finite() && norm.eps >= 0.0, "eps is below 0 or infinite"),
        Op::Dropout(probability) | Op::DropPath(probability) => {
            ((0.0..=1.0).contains(probability), "a probability is below 0 or above 1")
        }
        Op::Input(_)
        | Op::Conv2d(_)
        | Op::Linear(_)
        | Op::Activation(_)
        | Op::MaxPool(_)
        | Op::AvgPool(_)
        | Op::AdaptiveAvgPool(_)
        | Op::Add
        | Op::Multiply
        | Op::Concat
        | Op::Move(_) => (true, ""),
    };
    if usable { Ok(()) } else { Err(otherwise.into()) }
}

fn check_parameters(node: &Node) -> Result<()> {
    for (name, shape) in node.parameters() {
        let elements = product(&shape);
        if elements.is_none_or(|elements| elements == 0 || elements > MAX_ELEMENTS) {
            return Err(node_error(&node.name, format!("{name} has the impossible shape {shape:?}")));
        }
    }
    if let Some(scheme) = node.shift_scheme() {
        for format in [scheme.input, scheme.bias].into_iter().flatten() {
            format.check(&node.name)?;
        }
        crate::ShiftFormat::new(scheme.format.shift_type, scheme.format.bits)
            .map_err(|error| node_error(&node.name, error))?;
    }
    Ok(())
}

impl Op {
    /// Multiply-accumulates for an output of this shape.
    pub fn multiply_accumulates(&self, shape: &[usize]) -> u64 {
        let Some(layer) = self.properties().layer else { return 0 };
        let factors = shape.iter().chain(&layer.fan_in);
        factors.fold(1, |product: u64, &factor| product.saturating_mul(factor as u64))
    }

    /// The output's shape for operands of these shapes; in words what does not fit.
    pub(crate) fn shape(&self, inputs: &[&[usize]]) -> ShapeResult {
        if let Some(wanted) = self.properties().operands
            && inputs.len() != wanted
        {
            return Err(format!("takes {wanted} operands, not {}", inputs.len()));
        }
        match self {
            Op::Input(shape) if matches!(shape.len(), 1 | 3) && !shape.contains(&0) => Ok(shape.clone()),
            Op::Input(shape) => {
                Err(format!("an input is [channels, height, width] or [features], not {shape:?}"))
            }
            Op::Conv2d(conv) => conv.shape(picture(inputs[0])?),
            Op::Linear(linear) => linear.shape(inputs[0]),
            Op::BatchNorm(norm) => same_channels(norm.channels, inputs[0]),
            Op::Activation(_) | Op::Dropout(_) | Op::DropPath(_) => Ok(inputs[0].to_vec()),
            Op::MaxPool(pool) | Op::AvgPool(pool) => pool.shape(picture(inputs[0])?),
            Op::AdaptiveAvgPool(size) => adaptive_shape(*size, picture(inputs[0])?),
            Op::Add => all_equal(inputs),
            Op::Multiply => multiply_shape(inputs),
            Op::Concat => concat_shape(inputs),
            Op::Move(movement) => movement.shape(inputs[0]),
        }
    }
}

fn picture(shape: &[usize]) -> std::result::Result<[usize; 3], String> {
    shape.try_into().map_err(|_| format!("takes a picture [channels, height, width], not {shape:?}"))
}

fn adaptive_shape(windows: [usize; 2], [channels, height, width]: [usize; 3]) -> ShapeResult {
    if windows.contains(&0) {
        return Err("an output size is 0".into());
    }
    for (windows, size) in windows.into_iter().zip([height, width]) {
        // Windows end at `((index + 1) * size + windows - 1) / windows`, which GPUs and browsers compute in 32 bits.
        let largest =
            (windows as u64).checked_mul(size as u64).and_then(|end| end.checked_add(windows as u64));
        if largest.is_none_or(|largest| largest > u64::from(u32::MAX)) {
            return Err(format!("{windows} windows over {size} pixels are too many"));
        }
    }
    Ok(vec![channels, windows[0], windows[1]])
}

fn same_channels(channels: usize, shape: &[usize]) -> ShapeResult {
    if shape.first() != Some(&channels) {
        return Err(format!("has {channels} channels and is given {shape:?}"));
    }
    Ok(shape.to_vec())
}

fn all_equal(inputs: &[&[usize]]) -> ShapeResult {
    let first = *inputs.first().ok_or("needs operands")?;
    match inputs.iter().find(|&&shape| shape != first) {
        Some(other) => Err(format!("operands of shapes {first:?} and {other:?}")),
        None => Ok(first.to_vec()),
    }
}

fn multiply_shape(inputs: &[&[usize]]) -> ShapeResult {
    let (left, right) = (inputs[0], inputs[1]);
    let gate = left.len() == 3 && *right == [left[0], 1, 1];
    if left == right || gate {
        Ok(left.to_vec())
    } else {
        Err(format!("operands of shapes {left:?} and {right:?}"))
    }
}

fn concat_shape(inputs: &[&[usize]]) -> ShapeResult {
    let mut shape = inputs.first().ok_or("needs operands")?.to_vec();
    shape[0] = 0;
    for input in inputs {
        if input[1..] != shape[1..] || input.len() != shape.len() {
            return Err(format!("operands of shapes {:?} and {input:?}", inputs[0]));
        }
        shape[0] = shape[0].checked_add(input[0]).ok_or("too large")?;
    }
    Ok(shape)
}

impl Conv2d {
    fn shape(&self, [channels, height, width]: [usize; 3]) -> ShapeResult {
        if channels != self.in_channels {
            return Err(format!("has {} input channels and is given {channels}", self.in_channels));
        }
        let groups = self.groups;
        if groups == 0
            || !self.in_channels.is_multiple_of(groups)
            || !self.out_channels.is_multiple_of(groups)
        {
            return Err(format!(
                "{groups} groups do not divide {} and {} channels",
                self.in_channels, self.out_channels
            ));
        }
        let [top, bottom, left, right] = self.padding;
        Ok(vec![
            self.out_channels,
            conv_size(height, [top, bottom], self.kernel[0], self.stride[0], self.dilation[0])?,
            conv_size(width, [left, right], self.kernel[1], self.stride[1], self.dilation[1])?,
        ])
    }
}

fn conv_size(
    size: usize,
    padding: [usize; 2],
    kernel: usize,
    stride: usize,
    dilation: usize,
) -> std::result::Result<usize, String> {
    if kernel == 0 || stride == 0 || dilation == 0 {
        return Err("kernel, stride and dilation must be at least 1".into());
    }
    let padded = size.checked_add(padding[0]).and_then(|sum| sum.checked_add(padding[1]));
    let reach = (kernel - 1).checked_mul(dilation).and_then(|reach| reach.checked_add(1));
    if stride > MAX_ELEMENTS || dilation > MAX_ELEMENTS {
        return Err(format!("a stride of {stride} or a dilation of {dilation} is above {MAX_ELEMENTS}"));
    }
    match (padded, reach) {
        (Some(padded), Some(reach)) if padded <= MAX_ELEMENTS && reach <= padded => {
            Ok((padded - reach) / stride + 1)
        }
        _ => Err(format!("a kernel of {kernel} does not fit into {size} padded by {padding:?}")),
    }
}

impl Linear {
    fn shape(&self, input: &[usize]) -> ShapeResult {
        if input != [self.in_features] {
            return Err(format!("takes [{}], not {input:?}", self.in_features));
        }
        Ok(vec![self.out_features])
    }
}

impl Pool {
    fn shape(&self, [channels, height, width]: [usize; 3]) -> ShapeResult {
        if self.kernel[0].checked_mul(self.kernel[1]).is_none_or(|positions| positions > MAX_ELEMENTS) {
            return Err(format!("a window of {:?} has more than {MAX_ELEMENTS} positions", self.kernel));
        }
        let [height, width] = [(height, 0), (width, 1)].map(|(size, axis)| pooled_size(self, size, axis));
        match (height, width) {
            (Some(height), Some(width)) => Ok(vec![channels, height, width]),
            _ => Err(format!("the windows of {self:?} do not fit")),
        }
    }
}

/// Number of windows along an axis of this size (0: down, 1: right), by PyTorch's rule; `None` where they do not fit.
pub fn pooled_size(pool: &Pool, size: usize, axis: usize) -> Option<usize> {
    let (kernel, stride, padding) = (pool.kernel[axis], pool.stride[axis], pool.padding[axis]);
    if kernel == 0 || stride == 0 || padding > kernel / 2 || kernel.max(stride).max(size) > MAX_ELEMENTS {
        return None;
    }
    // Nothing overflows: all numbers are at most `MAX_ELEMENTS`, which is 2^28.
    let free = size.checked_add(padding.checked_mul(2)?)?.checked_sub(kernel)?;
    let windows = if pool.ceil_mode { free.div_ceil(stride) } else { free / stride };
    // The last window must start inside the picture or its left padding.
    let outside = pool.ceil_mode && windows.checked_mul(stride)? >= size + padding;
    Some(windows + 1 - usize::from(outside))
}

impl WeightKind {
    /// Whether this is a shift weight.
    pub fn is_shift(&self) -> bool {
        !self.is_float()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{GraphBuilder, Movement, PadShortcut};

    fn conv_shape(conv: Conv2d, input: [usize; 3]) -> ShapeResult {
        conv.shape(input)
    }

    #[test]
    fn convolution_sizes() {
        let conv = Conv2d {
            in_channels: 4,
            out_channels: 6,
            kernel: [3, 3],
            stride: [2, 1],
            padding: [0, 1, 1, 1],
            dilation: [1, 2],
            groups: 2,
            bias: true,
            weight: WeightKind::Float,
        };
        assert_eq!(conv_shape(conv.clone(), [4, 8, 9]), Ok(vec![6, 4, 7]));
        assert_eq!(conv.weight_shape(), [6, 2, 3, 3]);
        assert!(conv_shape(conv.clone(), [3, 8, 9]).is_err());
        assert!(conv_shape(Conv2d { groups: 3, ..conv.clone() }, [4, 8, 9]).is_err());
        assert!(conv_shape(Conv2d { dilation: [9, 9], ..conv.clone() }, [4, 8, 9]).is_err());
        assert!(conv_shape(Conv2d { padding: [usize::MAX; 4], ..conv }, [4, 8, 9]).is_err());
    }

    /// With a kernel of 1 or a single window nothing else looks at these numbers, and 32 bits would not hold them.
    #[test]
    fn numbers_that_do_not_matter_are_bounded_too() {
        let numbers = [1, MAX_ELEMENTS, MAX_ELEMENTS + 1, 1 << 32, usize::MAX];
        let allowed = [true, true, false, false, false];
        let shortcut = |stride| PadShortcut { stride, before: 0, after: 0 };
        let pool = Pool { kernel: [2; 2], stride: [1; 2], padding: [0; 2], ceil_mode: false };
        let operations: [&dyn Fn(usize) -> Op; 7] = [
            &|dilation| Op::Conv2d(Conv2d { dilation: [dilation, 1], ..Conv2d::square(1, 1, 1) }),
            &|dilation| Op::Conv2d(Conv2d { dilation: [1, dilation], ..Conv2d::square(1, 1, 1) }),
            &|stride| Op::Conv2d(Conv2d { stride: [1, stride], ..Conv2d::square(1, 1, 1) }),
            &|stride| Op::MaxPool(Pool { stride: [stride, 1], ..pool }),
            &|stride| Op::AvgPool(Pool { stride: [1, stride], ceil_mode: true, ..pool }),
            &|stride| Op::Move(Movement::PadShortcut(shortcut(stride))),
            // With a picture of four rows the windows may be 2^32 / 5 - 1.
            &|windows| {
                Op::AdaptiveAvgPool([
                    if windows == MAX_ELEMENTS { windows } else { windows.saturating_mul(4) },
                    1,
                ])
            },
        ];
        for (index, operation) in operations.iter().enumerate() {
            let accepted = numbers.map(|number| operation(number).shape(&[&[1, 4, 4]]).is_ok());
            assert_eq!(accepted, allowed, "operation {index}");
        }
    }

    #[test]
    fn windows_are_bounded() {
        let pool = |kernel: [usize; 2]| {
            Op::MaxPool(Pool {
                kernel,
                stride: [1; 2],
                padding: kernel.map(|size| size / 2),
                ceil_mode: false,
            })
        };
        assert!(pool([1 << 14, 1 << 14]).shape(&[&[1, 1, 1]]).is_ok());
        assert!(pool([1 << 14, (1 << 14) + 1]).shape(&[&[1, 1, 1]]).is_err());
        assert!(pool([1 << 40, 1 << 40]).shape(&[&[1, 1, 1]]).is_err());
        let adaptive = |windows, size| Op::AdaptiveAvgPool([windows, 1]).shape(&[&[1, size, 1]]).is_ok();
        assert!(adaptive((1 << 16) - 1, 1 << 16) && !adaptive(1 << 16, 1 << 16));
        assert!(adaptive(1 << 16, (1 << 16) - 1 - 1) && !adaptive(usize::MAX, 1));
    }

    #[test]
    fn pooling_sizes_follow_pytorch() {
        let pool = |kernel, stride, padding, ceil_mode| Pool {
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding: [padding; 2],
            ceil_mode,
        };
        let cases = [
            (pool(3, 2, 0, true), 13, 6),
            (pool(3, 2, 0, true), 55, 27),
            (pool(3, 2, 0, true), 54, 27),
            (pool(3, 2, 0, false), 54, 26),
            (pool(3, 2, 1, false), 112, 56),
            (pool(2, 2, 1, true), 3, 2),
            (pool(2, 3, 0, true), 3, 1),
        ];
        for (pool, size, expected) in cases {
            assert_eq!(pooled_size(&pool, size, 0), Some(expected), "{pool:?} over {size}");
        }
        assert_eq!(pooled_size(&pool(5, 1, 0, false), 4, 0), None);
        assert_eq!(pooled_size(&pool(2, 2, 2, false), 4, 0), None);
    }

    #[test]
    fn a_graph_that_makes_no_sense_is_refused_by_name() {
        let mut builder = GraphBuilder::new("test", &[3, 8, 8]);
        let conv = builder.conv("conv", 0, Conv2d::square(3, 4, 3).padded(1));
        let flat = builder.op("flat", Op::Move(Movement::Flatten), &[conv]);
        let out = builder.linear("fc", flat, 4 * 8 * 8, 10);
        let graph = builder.finish(out);
        assert_eq!(graph.shapes().unwrap()[out], [10]);
        assert_eq!(graph.multiply_accumulates().unwrap(), 4 * 64 * 27 + 2560);
        let auxiliary = Graph { outputs: vec![conv, out], ..graph.clone() };
        assert_eq!(auxiliary.multiply_accumulates().unwrap(), 4 * 64 * 27);

        let mut broken = graph.clone();
        broken.nodes[3].inputs = vec![9];
        assert!(broken.shapes().unwrap_err().to_string().contains("fc"));
        let mut broken = graph.clone();
        broken.nodes[3].name = "conv".into();
        assert!(broken.shapes().is_err());
        let mut broken = graph.clone();
        broken.nodes[0].op = Op::Input(vec![3, 1 << 20, 1 << 20]);
        assert!(matches!(broken.shapes(), Err(Error::Limit(_))));
        let mut broken = graph;
        broken.outputs.clear();
        assert!(broken.shapes().is_err());
    }
}
