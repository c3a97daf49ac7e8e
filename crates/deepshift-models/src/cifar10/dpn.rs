//! Dual path networks (Chen et al. 2017): the first channels of a block are added as in a ResNet, the others
//! concatenated as in a DenseNet.

use crate::net::{Names, Net, Place, Value, stages};
use crate::residual::project;
use deepshift_core::graph::{Conv2d, Graph};

const GROUPS: usize = 32;
/// Channels that every block of a stage adds to the dense path.
const GROWTH: [usize; 4] = [16, 32, 24, 128];

/// Four stages of so many blocks.
pub(super) fn dpn(name: &str, counts: [usize; 4]) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(64, 3));
    let x = stages(&mut net, x, &counts, block);
    net.classify("linear", x, 10)
}

fn block(net: &mut Net, place: &Place, x: Value) -> Value {
    let (width, residual) = (96 << place.stage, 256 << place.stage);
    let out = residual + GROWTH[place.stage];
    let names = |number| Names::numbered(place.scope, number);
    let y = net.conv_norm_relu(&names(1), x, x.conv(width, 1));
    let grouped = Conv2d { groups: GROUPS, ..y.conv(width, 3) };
    let y = net.conv_norm_relu(&names(2), y, grouped.strided(place.stride()));
    let y = net.conv_norm(&names(3), y, y.conv(out, 1));
    let around = if place.first { project(net, &place.name("shortcut"), x, out, place.stride()) } else { x };

    let mut part = |name: &str, of: Value, start, end| net.slice(&place.name(name), of, start, end);
    let added = [part("around_residual", around, 0, residual), part("residual", y, 0, residual)];
    let old = part("around_dense", around, residual, around.channels);
    let new = part("dense", y, residual, out);
    let sum = net.add(&place.name("add"), &added);
    let joined = net.concat(&place.name("concat"), &[sum, old, new]);
    net.relu(&place.name("relu"), joined)
}
