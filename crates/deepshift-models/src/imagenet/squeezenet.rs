//! torchvision's SqueezeNets (Iandola et al. 2016, "AlexNet-level accuracy with 50x fewer parameters").

use crate::net::{Net, Value, pool};
use deepshift_core::graph::{Conv2d, Graph, Op, Pool};

/// Module number and squeezed channels of a fire block; it expands them to four times as many in each branch.
type Fire = [usize; 2];

pub(super) fn squeezenet1_0(name: &str) -> Graph {
    let fires: [&[Fire]; 3] =
        [&[[3, 16], [4, 16], [5, 32]], &[[7, 32], [8, 48], [9, 48], [10, 64]], &[[12, 64]]];
    squeezenet(name, [96, 7], fires)
}

pub(super) fn squeezenet1_1(name: &str) -> Graph {
    let fires: [&[Fire]; 3] =
        [&[[3, 16], [4, 16]], &[[6, 32], [7, 32]], &[[9, 48], [10, 48], [11, 64], [12, 64]]];
    squeezenet(name, [64, 3], fires)
}

/// A max pooling comes before each group of fire blocks.
fn squeezenet(name: &str, [channels, kernel]: [usize; 2], fires: [&[Fire]; 3]) -> Graph {
    let (mut net, x) = Net::new(name, 224);
    let first = Conv2d::square(x.channels, channels, kernel).strided(2).biased();
    let mut x = conv_relu(&mut net, ["features.0", "features.1"], x, first);
    for group in fires {
        let pooling = Op::MaxPool(Pool { ceil_mode: true, ..pool(3, 2, 0) });
        x = net.op(&format!("features.{}", group[0][0] - 1), pooling, x);
        for &[module, squeezed] in group {
            x = fire(&mut net, &format!("features.{module}."), x, squeezed);
        }
    }
    let x = net.op("classifier.0", Op::Dropout(0.5), x);
    let x = conv_relu(&mut net, ["classifier.1", "classifier.2"], x, x.conv(1000, 1).biased());
    let logits = net.global_mean(x);
    net.finish(&[logits])
}

fn fire(net: &mut Net, scope: &str, x: Value, squeezed: usize) -> Value {
    let mut layer = |name: &str, x: Value, conv: Conv2d| {
        let name = format!("{scope}{name}");
        conv_relu(net, [&name, &format!("{name}_activation")], x, conv.biased())
    };
    let x = layer("squeeze", x, x.conv(squeezed, 1));
    let branches =
        [layer("expand1x1", x, x.conv(4 * squeezed, 1)), layer("expand3x3", x, x.conv(4 * squeezed, 3))];
    net.concat(&format!("{scope}concat"), &branches)
}

fn conv_relu(net: &mut Net, [conv_name, relu_name]: [&str; 2], x: Value, conv: Conv2d) -> Value {
    let x = net.conv(conv_name, x, conv);
    net.relu(relu_name, x)
}
