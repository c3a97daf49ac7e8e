//! GoogLeNet (Szegedy et al. 2015) for pictures of 32x32, with biases, its 5x5 convolutions as two of 3x3.

use crate::inception::{BLOCKS, Variant, inception};
use crate::net::{Names, Net, pool};
use deepshift_core::graph::{Graph, Op};

pub(super) fn googlenet(name: &str) -> Graph {
    let variant = Variant { bias: true, large_convs: 2, names, pool: "b4.0" };
    let (mut net, x) = Net::new(name, 32);
    let mut x = net.conv_norm_relu(&Names::sequential("pre_layers.", 0), x, x.conv(192, 3).biased());
    for (block, channels) in BLOCKS {
        let (number, letter) = block.split_at(1);
        if matches!(block, "4a" | "5a") {
            x = net.op(&format!("maxpool{number}"), Op::MaxPool(pool(3, 2, 1)), x);
        }
        x = inception(&mut net, &format!("{letter}{number}."), x, channels, &variant);
    }
    net.classify("linear", x, 10)
}

/// The fourth branch's `Sequential` begins with the pooling.
fn names(scope: &str, branch: usize, index: usize) -> Names {
    Names::sequential(&format!("{scope}b{branch}."), 3 * index + branch / 4)
}
