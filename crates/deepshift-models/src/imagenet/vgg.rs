//! torchvision's VGG (Simonyan and Zisserman 2015, "Very Deep Convolutional Networks") and AlexNet (Krizhevsky 2014,
//! "One weird trick"), which end in the same way: three linear layers.

use crate::net::{Net, Value, pool};
use crate::vgg::{Counts, Features, features};
use deepshift_core::graph::{Conv2d, Graph, Op};

/// VGG, with batch normalisation or without.
pub(super) fn vgg(name: &str, counts: Counts, norm: bool) -> Graph {
    let (mut net, x) = Net::new(name, 224);
    let variant = Features { scope: "features.", bias: true, norm, last_pool: true };
    let x = features(&mut net, x, counts, variant);
    let x = net.op("avgpool", Op::AdaptiveAvgPool([7, 7]), x);
    let mut x = net.flatten("flatten", x, 49);
    for first in [0, 3] {
        x = linear_relu(&mut net, x, first);
        x = net.op(&format!("classifier.{}", first + 2), Op::Dropout(0.5), x);
    }
    finish(net, x)
}

/// Output channels, kernel, stride, padding, number of the module, and of the max pooling that may follow.
type AlexLayer = ([usize; 5], Option<usize>);

const ALEXNET: [AlexLayer; 5] = [
    ([64, 11, 4, 2, 0], Some(2)),
    ([192, 5, 1, 2, 3], Some(5)),
    ([384, 3, 1, 1, 6], None),
    ([256, 3, 1, 1, 8], None),
    ([256, 3, 1, 1, 10], Some(12)),
];

pub(super) fn alexnet(name: &str) -> Graph {
    let (mut net, mut x) = Net::new(name, 224);
    for ([channels, kernel, stride, padding, module], pooling) in ALEXNET {
        let conv = Conv2d::square(x.channels, channels, kernel).strided(stride).padded(padding);
        x = net.conv(&format!("features.{module}"), x, conv.biased());
        x = net.relu(&format!("features.{}", module + 1), x);
        if let Some(module) = pooling {
            x = net.op(&format!("features.{module}"), Op::MaxPool(pool(3, 2, 0)), x);
        }
    }
    x = net.op("avgpool", Op::AdaptiveAvgPool([6, 6]), x);
    x = net.flatten("flatten", x, 36);
    for first in [0, 3] {
        x = net.op(&format!("classifier.{first}"), Op::Dropout(0.5), x);
        x = linear_relu(&mut net, x, first + 1);
    }
    finish(net, x)
}

fn linear_relu(net: &mut Net, x: Value, module: usize) -> Value {
    let x = net.linear(&format!("classifier.{module}"), x, 4096);
    net.relu(&format!("classifier.{}", module + 1), x)
}

fn finish(mut net: Net, x: Value) -> Graph {
    let logits = net.linear("classifier.6", x, 1000);
    net.finish(&[logits])
}
