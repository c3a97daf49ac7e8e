//! Which layers become shift layers, by the original's rules.

use deepshift_core::graph::{Graph, Op, ShiftScheme, WeightKind};
use deepshift_core::{FixedPoint, Result, ShiftFormat, ShiftType};

/// The original's options of conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    /// How many layers become shift layers, counted from the network's end; 0 converts nothing.
    pub shift_depth: usize,
    /// Type and weight bits.
    pub format: ShiftFormat,
    /// Integer and fraction bits of the activations' fixed point.
    pub activation_bits: [u32; 2],
    /// Linear layers are converted whatever the depth, and are not counted.
    pub convert_all_linear: bool,
}

/// The graph with shift layers; weights keep their names and shapes.
pub fn to_shift(graph: &Graph, options: &Conversion) -> Result<Graph> {
    let [integer, fraction] = options.activation_bits;
    let rounding = FixedPoint::from_activation_bits(integer, fraction)?;
    let mut graph = graph.clone();
    let mut left = options.shift_depth;
    for node in graph.nodes.iter_mut().rev() {
        match &mut node.op {
            Op::Conv2d(conv) if left > 0 => {
                conv.weight = WeightKind::Shift(conv_scheme(options.format, rounding));
                left -= 1;
            }
            Op::Linear(linear) if options.shift_depth > 0 && (left > 0 || options.convert_all_linear) => {
                linear.weight = WeightKind::Shift(linear_scheme(options.format, rounding));
                left -= usize::from(!options.convert_all_linear);
            }
            _ => {}
        }
    }
    Ok(graph)
}

fn conv_scheme(format: ShiftFormat, rounding: FixedPoint) -> ShiftScheme {
    ShiftScheme { format, input: Some(rounding), bias: Some(rounding) }
}

/// The original's linear layers never round their bias in forward, and those of type PS not even their input.
fn linear_scheme(format: ShiftFormat, rounding: FixedPoint) -> ShiftScheme {
    let input = (format.shift_type == ShiftType::Q).then_some(rounding);
    ShiftScheme { format, input, bias: None }
}

/// Shift layers and all convolutions and linear layers of a graph.
pub fn shift_layers(graph: &Graph) -> (usize, usize) {
    let layers = graph.nodes.iter().filter(|node| matches!(node.op, Op::Conv2d(_) | Op::Linear(_)));
    layers.fold((0, 0), |(shift, all), node| (shift + usize::from(node.shift_scheme().is_some()), all + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{by_name, simple_conv, simple_linear};

    fn converted(graph: &Graph, shift_depth: usize, convert_all_linear: bool) -> Vec<String> {
        let options = Conversion {
            shift_depth,
            format: ShiftFormat::new(ShiftType::PS, 5).unwrap(),
            activation_bits: [16, 16],
            convert_all_linear,
        };
        let graph = to_shift(graph, &options).unwrap();
        let shift = graph.nodes.into_iter().filter(|node| node.shift_scheme().is_some());
        shift.map(|node| node.name).collect()
    }

    #[test]
    fn layers_are_counted_from_the_end() {
        assert_eq!(converted(&simple_linear(), 2, false), ["fc2", "fc3"]);
        assert_eq!(converted(&simple_conv(), 1, true), ["conv2", "fc1", "fc2"]);
        let resnet20 = by_name("resnet20").unwrap();
        assert_eq!(converted(&resnet20, 2, true), ["layer3.2.conv1", "layer3.2.conv2", "linear"]);
        assert!(converted(&simple_conv(), 0, true).is_empty());
        assert_eq!(converted(&resnet20, 1000, true).len(), 20);
    }
}
