//! Pre-activation ResNets with bottlenecks (He et al. 2016, "Identity Mappings in Deep Residual Networks").

use crate::net::{Names, Net, Place, Value, stages};
use deepshift_core::graph::Graph;

/// Three stages of equally many blocks: `9 blocks + 2` layers.
pub(super) fn preresnet(name: &str, blocks: usize) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let x = net.conv("conv1", x, x.conv(16, 3));
    let x = stages(&mut net, x, &[blocks; 3], block);
    let x = net.norm("bn", x);
    let x = net.relu("relu", x);
    net.classify("fc", x, 10)
}

fn block(net: &mut Net, place: &Place, x: Value) -> Value {
    let width = 16 << place.stage;
    let names = |number| Names::numbered(place.scope, number);
    let y = net.norm_relu_conv(&names(1), x, x.conv(width, 1));
    let y = net.norm_relu_conv(&names(2), y, y.conv(width, 3).strided(place.stride()));
    let y = net.norm_relu_conv(&names(3), y, y.conv(4 * width, 1));
    let around = if place.first {
        net.conv(&place.name("downsample.0"), x, x.conv(4 * width, 1).strided(place.stride()))
    } else {
        x
    };
    net.add(&place.name("add"), &[y, around])
}
