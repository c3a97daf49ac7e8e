//! ResNeXt-29 (Xie et al. 2017, "Aggregated Residual Transformations for Deep Neural Networks").

use crate::net::{Names, Net, stages};
use crate::residual::{Block, Shortcut, residual};
use deepshift_core::graph::Graph;

/// Three stages of three blocks; their 3x3 convolutions have this many groups, each this wide in the first stage.
pub(super) fn resnext29(name: &str, groups: usize, group_width: usize) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(64, 1));
    let x = stages(&mut net, x, &[3; 3], |net, place, x| {
        let width = (groups * group_width) << place.stage;
        let block = Block::Bottleneck { width, groups, out: 2 * width };
        residual(net, place, x, block, Shortcut::Projected("shortcut"))
    });
    net.classify("linear", x, 10)
}
