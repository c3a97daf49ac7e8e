//! MobileNet, MobileNet V2 (Sandler et al. 2018) and EfficientNet-B0 (Tan and Le 2019) for pictures of 32x32: all
//! kernels 3x3, activations ReLU.

use crate::net::{Names, Net, Value};
use crate::residual::project;
use crate::separable::{InvertedNames, Stage, blocks, efficientnet_b0, inverted, mobilenet, mobilenet_v2};
use deepshift_core::graph::{Activation, Graph};

pub(super) fn v1(name: &str) -> Graph {
    let (mut net, x) = begin(name);
    let x = mobilenet(&mut net, x, |index| [1, 2].map(|n| Names::numbered(&scope(index), n)));
    net.classify("linear", x, 10)
}

pub(super) fn v2(name: &str) -> Graph {
    let (mut net, mut x) = begin(name);
    for (index, block) in blocks(mobilenet_v2([1, 1, 2, 2, 1, 2, 1])).enumerate() {
        let scope = scope(index);
        let y = branch(&mut net, &scope, x, block);
        x = match around(&mut net, &scope, x, block) {
            Some(around) => net.add(&format!("{scope}add"), &[y, around]),
            None => y,
        };
    }
    let x = net.conv_norm_relu(&Names::numbered("", 2), x, x.conv(1280, 1));
    net.classify("linear", x, 10)
}

/// Squeeze-and-excitation comes after the last 1x1 convolution; blocks that stride add their own value without it.
pub(super) fn efficientnet(name: &str) -> Graph {
    let (mut net, mut x) = begin(name);
    for (index, block) in blocks(efficientnet_b0([2, 1, 2, 2, 1, 2, 2], [3; 7])).enumerate() {
        let scope = scope(index);
        let y = branch(&mut net, &scope, x, block);
        let around = around(&mut net, &scope, x, block).unwrap_or(y);
        let gated = net.squeeze_excite(&scope, y);
        x = net.add(&format!("{scope}add"), &[gated, around]);
    }
    net.classify("linear", x, 10)
}

fn begin(name: &str) -> (Net, Value) {
    let (mut net, x) = Net::new(name, 32);
    let x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(32, 3));
    (net, x)
}

fn scope(index: usize) -> String {
    format!("layers.{index}.")
}

fn branch(net: &mut Net, scope: &str, x: Value, block: Stage) -> Value {
    let names = |number| Names::numbered(scope, number);
    let names = InvertedNames { expand: Some(names(1)), depthwise: names(2), project: names(3) };
    inverted(net, x, block, Activation::Relu, &names)
}

/// What is added to a block that does not stride.
fn around(net: &mut Net, scope: &str, x: Value, block: Stage) -> Option<Value> {
    if block.stride != 1 {
        None
    } else if x.channels == block.channels {
        Some(x)
    } else {
        Some(project(net, &format!("{scope}shortcut"), x, block.channels, 1))
    }
}
