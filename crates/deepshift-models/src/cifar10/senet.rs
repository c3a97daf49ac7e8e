//! SENet-18 (Hu et al. 2018, "Squeeze-and-Excitation Networks") over pre-activation blocks.

use crate::net::{Names, Net, Place, Value, stages};
use deepshift_core::graph::Graph;

/// Four stages of two blocks, 64 to 512 channels wide.
pub(super) fn senet18(name: &str) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let x = net.conv_norm_relu(&Names::numbered("", 1), x, x.conv(64, 3));
    let x = stages(&mut net, x, &[2; 4], block);
    net.classify("linear", x, 10)
}

/// A shortcut with a convolution begins after the first activation, any other before the batch normalisation.
fn block(net: &mut Net, place: &Place, x: Value) -> Value {
    let width = 64 << place.stage;
    let names = Names::numbered(place.scope, 1);
    let normed = net.norm(&names.norm, x);
    let active = net.relu(&names.activation, normed);
    let y = net.conv(&names.conv, active, active.conv(width, 3).strided(place.stride()));
    let y = net.norm_relu_conv(&Names::numbered(place.scope, 2), y, y.conv(width, 3));
    let around = if place.stride() == 2 {
        net.conv(&place.name("shortcut.0"), active, active.conv(width, 1).strided(2))
    } else {
        x
    };
    let y = net.squeeze_excite(place.scope, y);
    net.add(&place.name("add"), &[y, around])
}
