//! LeNet-5 (LeCun et al. 1998) with ReLU and max pooling.

use crate::net::{Net, pool};
use deepshift_core::graph::{Conv2d, Graph, Op};

pub(super) fn lenet(name: &str) -> Graph {
    let (mut net, mut x) = Net::new(name, 32);
    for (index, channels) in [(1, 6), (2, 16)] {
        let conv = Conv2d::square(x.channels, channels, 5).biased();
        x = net.conv(&format!("conv{index}"), x, conv);
        x = net.relu(&format!("relu{index}"), x);
        x = net.op(&format!("pool{index}"), Op::MaxPool(pool(2, 2, 0)), x);
    }
    x = net.flatten("flatten", x, 25);
    for (index, features) in [(1, 120), (2, 84)] {
        x = net.linear(&format!("fc{index}"), x, features);
        x = net.relu(&format!("fc{index}_relu"), x);
    }
    let logits = net.linear("fc3", x, 10);
    net.finish(&[logits])
}
