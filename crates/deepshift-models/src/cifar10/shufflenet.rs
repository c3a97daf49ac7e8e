//! ShuffleNet (Zhang et al. 2018) and ShuffleNet V2 (Ma et al. 2018).

use crate::net::{Names, Net, Place, Value, pool, stages};
use deepshift_core::graph::{Conv2d, Graph, Movement, Op};

const STAGES: [usize; 3] = [4, 8, 4];

/// The first version, its 1x1 convolutions in so many groups.
pub(super) fn v1(name: &str, groups: usize, width: usize) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(24, 1));
    let x = stages(&mut net, x, &STAGES, |net, place, x| v1_block(net, place, x, groups, width));
    net.classify("linear", x, 10)
}

/// Halving blocks keep their pooled input beside the new channels, others add it.
fn v1_block(net: &mut Net, place: &Place, x: Value, groups: usize, width: usize) -> Value {
    let out = (width << place.stage) - if place.first { x.channels } else { 0 };
    // The 24 channels of the first layer are too few for groups.
    let first_groups = if place.first && place.stage == 0 { 1 } else { groups };
    let stride = if place.first { 2 } else { 1 };
    let names = |number| Names::numbered(place.scope, number);
    let y = net.conv_norm_relu(&names(1), x, Conv2d { groups: first_groups, ..x.conv(out / 4, 1) });
    let y = net.op(&place.name("shuffle1"), Op::Move(Movement::ChannelShuffle(first_groups)), y);
    let y = net.conv_norm_relu(&names(2), y, y.depthwise(out / 4, 3).strided(stride));
    let y = net.conv_norm(&names(3), y, Conv2d { groups, ..y.conv(out, 1) });
    let joined = if place.first {
        let pooled = net.op(&place.name("shortcut.0"), Op::AvgPool(pool(3, 2, 1)), x);
        net.concat(&place.name("concat"), &[y, pooled])
    } else {
        net.add(&place.name("add"), &[y, x])
    };
    net.relu(&place.name("relu"), joined)
}

/// The second version; widths of the three stages and of the last convolution.
pub(super) fn v2(name: &str, widths: [usize; 4]) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(24, 3));
    let x = stages(&mut net, x, &STAGES, |net, place, x| {
        let halves = if place.first {
            v2_halving(net, place, x, widths[place.stage])
        } else {
            v2_basic(net, place, x)
        };
        let joined = net.concat(&place.name("concat"), &halves);
        net.op(&place.name("shuffle"), Op::Move(Movement::ChannelShuffle(2)), joined)
    });
    let x = net.conv_norm_relu(&Names::numbered("", 2), x, x.conv(widths[3], 1));
    net.classify("linear", x, 10)
}

/// One half of the channels stays as it is.
fn v2_basic(net: &mut Net, place: &Place, x: Value) -> [Value; 2] {
    let half = x.channels / 2;
    let kept = net.slice(&place.name("kept"), x, 0, half);
    let changed = net.slice(&place.name("changed"), x, half, x.channels);
    [kept, pointwise_depthwise_pointwise(net, place, changed, half, [1, 1])]
}

fn v2_halving(net: &mut Net, place: &Place, x: Value, width: usize) -> [Value; 2] {
    let names = |number| Names::numbered(place.scope, number);
    let left = net.conv_norm(&names(1), x, x.depthwise(x.channels, 3).strided(2));
    let left = net.conv_norm_relu(&names(2), left, left.conv(width / 2, 1));
    [left, pointwise_depthwise_pointwise(net, place, x, width / 2, [3, 2])]
}

fn pointwise_depthwise_pointwise(
    net: &mut Net,
    place: &Place,
    x: Value,
    width: usize,
    [number, stride]: [usize; 2],
) -> Value {
    let names = |offset| Names::numbered(place.scope, number + offset);
    let x = net.conv_norm_relu(&names(0), x, x.conv(width, 1));
    let x = net.conv_norm(&names(1), x, x.depthwise(width, 3).strided(stride));
    net.conv_norm_relu(&names(2), x, x.conv(width, 1))
}
