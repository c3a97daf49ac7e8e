//! ResNets (He et al. 2015, "Deep Residual Learning for Image Recognition") for pictures of 32x32.

use crate::net::{Names, Net, stages};
use crate::residual::{Block, Shortcut, residual};
use deepshift_core::graph::Graph;

/// Section 4.2 of the paper: three stages of equally many blocks, 16, 32 and 64 channels wide.
pub(super) fn narrow(name: &str, blocks: usize) -> Graph {
    resnet(name, 16, &[blocks; 3], |width| Block::Basic { width })
}

/// ImageNet's stages with blocks of two 3x3 convolutions. Shortcuts are of option A here too, as in the original.
pub(super) fn basic(name: &str, counts: [usize; 4]) -> Graph {
    resnet(name, 64, &counts, |width| Block::Basic { width })
}

/// ImageNet's stages with blocks of 1x1, 3x3 and 1x1, four times as wide outside.
pub(super) fn bottleneck(name: &str, counts: [usize; 4]) -> Graph {
    resnet(name, 64, &counts, |width| Block::Bottleneck { width, groups: 1, out: 4 * width })
}

fn resnet(name: &str, width: usize, counts: &[usize], block: impl Fn(usize) -> Block) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(width, 3));
    let x = stages(&mut net, x, counts, |net, place, x| {
        let block = block(width << place.stage);
        let shortcut = match block {
            Block::Basic { .. } => Shortcut::Padded,
            Block::Bottleneck { .. } => Shortcut::Projected("shortcut"),
        };
        residual(net, place, x, block, shortcut)
    });
    net.classify("linear", x, 10)
}
