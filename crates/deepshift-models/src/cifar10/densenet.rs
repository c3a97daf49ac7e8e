//! DenseNet (Huang et al. 2017, "Densely Connected Convolutional Networks") of 3x3 convolutions, without bottlenecks and
//! compression.

use crate::net::{Names, Net, Value, pool};
use deepshift_core::graph::{Graph, Op};

const GROWTH: usize = 12;

/// Three stages of equally many layers: `3 layers + 4` in all.
pub(super) fn densenet(name: &str, layers: usize) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let mut x = net.conv("conv1", x, x.conv(2 * GROWTH, 3));
    for stage in 1..=3 {
        x = dense(&mut net, &format!("dense{stage}."), x, layers);
        if stage < 3 {
            let scope = format!("trans{stage}.");
            x = net.norm_relu_conv(&Names::numbered(&scope, 1), x, x.conv(x.channels, 1));
            x = net.op(&format!("{scope}pool"), Op::AvgPool(pool(2, 2, 0)), x);
        }
    }
    let x = net.norm("bn", x);
    let x = net.relu("relu", x);
    net.classify("fc", x, 10)
}

fn dense(net: &mut Net, scope: &str, x: Value, layers: usize) -> Value {
    net.dense(x, layers, scope, |net, index, x| {
        let names = Names::numbered(&format!("{scope}{index}."), 1);
        net.norm_relu_conv(&names, x, x.conv(GROWTH, 3))
    })
}
