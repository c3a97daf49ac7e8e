//! torchvision's DenseNets (Huang et al. 2017, "Densely Connected Convolutional Networks") with bottlenecks and
//! compression by two.

use crate::net::{Names, Net, Value, pool};
use deepshift_core::graph::{Graph, Op};

/// Four stages of so many layers; every layer adds `growth` channels.
pub(super) fn densenet(name: &str, growth: usize, layers: [usize; 4]) -> Graph {
    let (mut net, x) = Net::new(name, 224);
    let mut x = net.conv_norm_relu(&names("features.", "0"), x, x.conv(2 * growth, 7).strided(2));
    x = net.op("features.pool0", Op::MaxPool(pool(3, 2, 1)), x);
    for (stage, layers) in (1..).zip(layers) {
        let scope = format!("features.denseblock{stage}.");
        x = net.dense(x, layers, &scope, |net, index, x| {
            let scope = format!("{scope}denselayer{}.", index + 1);
            let y = net.norm_relu_conv(&names(&scope, "1"), x, x.conv(4 * growth, 1));
            net.norm_relu_conv(&names(&scope, "2"), y, y.conv(growth, 3))
        });
        if stage < 4 {
            x = transition(&mut net, &format!("features.transition{stage}."), x);
        }
    }
    let x = net.norm("features.norm5", x);
    let x = net.relu("relu", x);
    net.classify("classifier", x, 1000)
}

fn transition(net: &mut Net, scope: &str, x: Value) -> Value {
    let x = net.norm_relu_conv(&names(scope, ""), x, x.conv(x.channels / 2, 1));
    net.op(&format!("{scope}pool"), Op::AvgPool(pool(2, 2, 0)), x)
}

fn names(scope: &str, number: &str) -> Names {
    let name = |kind: &str| format!("{scope}{kind}{number}");
    Names { conv: name("conv"), norm: name("norm"), activation: name("relu") }
}
