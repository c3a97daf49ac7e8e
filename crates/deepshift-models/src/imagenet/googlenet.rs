//! torchvision's GoogLeNet (Szegedy et al. 2015, "Going Deeper with Convolutions") with its two auxiliary heads, its 5x5
//! convolutions being 3x3.

use crate::inception::{BLOCKS, Variant, inception};
use crate::net::{Names, Net, Value, pool};
use deepshift_core::graph::{Graph, Op, Pool};

/// Outputs: the logits, then those of the heads after blocks `4a` and `4d`.
pub(super) fn googlenet(name: &str) -> Graph {
    let variant = Variant { bias: false, large_convs: 1, names: branch_names, pool: "branch4.0" };
    let (net, x) = Net::new(name, 224);
    let mut net = net.with_eps(1e-3);
    let mut x = stem(&mut net, x);
    let mut heads = Vec::new();
    for (block, channels) in BLOCKS {
        match block {
            "4a" => x = halve(&mut net, "maxpool3", 3, x),
            "5a" => x = halve(&mut net, "maxpool4", 2, x),
            _ => {}
        }
        x = inception(&mut net, &format!("inception{block}."), x, channels, &variant);
        if matches!(block, "4a" | "4d") {
            heads.push(x);
        }
    }
    let heads = [("aux1.", heads[0]), ("aux2.", heads[1])].map(|(scope, x)| auxiliary(&mut net, scope, x));
    let x = net.global_mean(x);
    let x = net.op("dropout", Op::Dropout(0.2), x);
    let logits = net.linear("fc", x, 1000);
    net.finish(&[logits, heads[0], heads[1]])
}

fn stem(net: &mut Net, x: Value) -> Value {
    let x = net.conv_norm_relu(&names("conv1"), x, x.conv(64, 7).strided(2));
    let x = halve(net, "maxpool1", 3, x);
    let x = net.conv_norm_relu(&names("conv2"), x, x.conv(64, 1));
    let x = net.conv_norm_relu(&names("conv3"), x, x.conv(192, 3));
    halve(net, "maxpool2", 3, x)
}

fn halve(net: &mut Net, name: &str, kernel: usize, x: Value) -> Value {
    net.op(name, Op::MaxPool(Pool { ceil_mode: true, ..pool(kernel, 2, 0) }), x)
}

fn auxiliary(net: &mut Net, scope: &str, x: Value) -> Value {
    let name = |part: &str| format!("{scope}{part}");
    let x = net.op(&name("avgpool"), Op::AdaptiveAvgPool([4, 4]), x);
    let x = net.conv_norm_relu(&names(&name("conv")), x, x.conv(128, 1));
    let x = net.flatten(&name("flatten"), x, 16);
    let x = net.linear(&name("fc1"), x, 1024);
    let x = net.relu(&name("relu"), x);
    let x = net.op(&name("dropout"), Op::Dropout(0.7), x);
    net.linear(&name("fc2"), x, 1000)
}

fn names(module: &str) -> Names {
    let name = |part: &str| format!("{module}.{part}");
    Names { conv: name("conv"), norm: name("bn"), activation: name("relu") }
}

/// Branches of one convolution have no number, but after the pooling.
fn branch_names(scope: &str, branch: usize, index: usize) -> Names {
    names(&match branch {
        1 => format!("{scope}branch1"),
        4 => format!("{scope}branch4.1"),
        _ => format!("{scope}branch{branch}.{index}"),
    })
}
