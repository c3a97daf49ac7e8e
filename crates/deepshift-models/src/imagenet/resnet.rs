//! torchvision's ResNets (He et al. 2015, "Deep Residual Learning for Image Recognition"); the stride of a bottleneck
//! lies in its 3x3 convolution.

use crate::net::{Names, Net, Place, Value, pool, stages};
use crate::residual::{Block, Shortcut, residual};
use deepshift_core::graph::{Graph, Op};

/// Blocks of two 3x3 convolutions.
pub(super) fn basic(name: &str, counts: [usize; 4]) -> Graph {
    resnet(name, counts, |width| Block::Basic { width })
}

/// Blocks of 1x1, 3x3 and 1x1, four times as wide outside.
pub(super) fn bottleneck(name: &str, counts: [usize; 4]) -> Graph {
    resnet(name, counts, |width| Block::Bottleneck { width, groups: 1, out: 4 * width })
}

fn resnet(name: &str, counts: [usize; 4], block: impl Fn(usize) -> Block) -> Graph {
    let (mut net, x) = Net::new(name, 224);
    let x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(64, 7).strided(2));
    let x = net.op("maxpool", Op::MaxPool(pool(3, 2, 1)), x);
    let x = stages(&mut net, x, &counts, |net: &mut Net, place: &Place, x: Value| {
        residual(net, place, x, block(64 << place.stage), Shortcut::Projected("downsample"))
    });
    net.classify("fc", x, 1000)
}
