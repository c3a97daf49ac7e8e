//! The blocks of ResNet and ResNeXt (He et al. 2015, Xie et al. 2017).

use crate::net::{Names, Net, Place, Value};
use deepshift_core::graph::{Conv2d, Movement, Op, PadShortcut};

/// The convolutions of a block; each has its batch normalisation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Block {
    /// Two 3x3 convolutions.
    Basic { width: usize },
    /// 1x1, 3x3 in groups, 1x1.
    Bottleneck { width: usize, groups: usize, out: usize },
}

/// What goes around a block whose input and output differ in shape.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shortcut {
    /// Every second pixel, channels of zeros evenly on both sides: option A.
    Padded,
    /// 1x1 convolution and batch normalisation in a `Sequential` of this name: option B.
    Projected(&'static str),
}

/// The block, the shortcut around it, and ReLU of their sum.
pub(crate) fn residual(net: &mut Net, place: &Place, x: Value, block: Block, shortcut: Shortcut) -> Value {
    let y = match block {
        Block::Basic { width } => {
            let y = net.conv_norm_relu(&names(place, 1), x, x.conv(width, 3).strided(place.stride()));
            net.conv_norm(&names(place, 2), y, y.conv(width, 3))
        }
        Block::Bottleneck { width, groups, out } => {
            let y = net.conv_norm_relu(&names(place, 1), x, x.conv(width, 1));
            let grouped = Conv2d { groups, ..y.conv(width, 3) };
            let y = net.conv_norm_relu(&names(place, 2), y, grouped.strided(place.stride()));
            net.conv_norm(&names(place, 3), y, y.conv(out, 1))
        }
    };
    let around = around(net, place, x, y.channels, shortcut);
    let sum = net.add(&place.name("add"), &[y, around]);
    net.relu(&place.name("relu"), sum)
}

fn names(place: &Place, number: usize) -> Names {
    Names::numbered(place.scope, number)
}

fn around(net: &mut Net, place: &Place, x: Value, channels: usize, shortcut: Shortcut) -> Value {
    let stride = place.stride();
    match shortcut {
        _ if stride == 1 && x.channels == channels => x,
        Shortcut::Padded => {
            let zeros = (channels - x.channels) / 2;
            let op = Op::Move(Movement::PadShortcut(PadShortcut { stride, before: zeros, after: zeros }));
            Value { channels, ..net.op(&place.name("shortcut"), op, x) }
        }
        Shortcut::Projected(name) => project(net, &place.name(name), x, channels, stride),
    }
}

/// 1x1 convolution and batch normalisation, in a `Sequential` of this name.
pub(crate) fn project(net: &mut Net, name: &str, x: Value, channels: usize, stride: usize) -> Value {
    net.conv_norm(&Names::sequential(&format!("{name}."), 0), x, x.conv(channels, 1).strided(stride))
}
