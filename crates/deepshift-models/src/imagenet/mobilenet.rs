//! MobileNet (Howard et al. 2017), MobileNet V2 (Sandler et al. 2018) and EfficientNet-Lite0 (Tan and Le 2019, without
//! squeeze-and-excitation and with ReLU6), pictures of 224x224.

use crate::net::{Names, Net, Value};
use crate::separable::{InvertedNames, Stage, blocks, efficientnet_b0, inverted, mobilenet, mobilenet_v2};
use deepshift_core::graph::{Activation::Relu6, Graph, Op};

/// MobileNet with the names of the original.
pub(super) fn v1(name: &str) -> Graph {
    let (mut net, x) = Net::new(name, 224);
    let x = net.conv_norm_relu(&Names::sequential("model.0.", 0), x, x.conv(32, 3).strided(2));
    let x = mobilenet(&mut net, x, |index| {
        [0, 3].map(|first| Names::sequential(&format!("model.{}.", index + 1), first))
    });
    net.classify("fc", x, 1000)
}

/// MobileNet V2 with torchvision's names: every convolution with its activation in a `Sequential` of its own.
pub(super) fn v2_torchvision(name: &str) -> Graph {
    let names = |scope: &str, index| Names::sequential(&format!("{scope}{index}."), 0);
    v2(name, names, Names::sequential)
}

/// MobileNet V2 with the names of the original: a block is one `Sequential`.
pub(super) fn v2_flat(name: &str) -> Graph {
    let names = |scope: &str, index| Names::sequential(scope, 3 * index);
    v2(name, names, names)
}

/// Names by the block's prefix and the convolution's number in it; the last one has no activation.
fn v2(name: &str, names: impl Fn(&str, usize) -> Names, last_names: impl Fn(&str, usize) -> Names) -> Graph {
    let (mut net, x) = Net::new(name, 224);
    let stem = x.conv(32, 3).strided(2);
    let mut x = net.conv_norm_act(&Names::sequential("features.0.", 0), x, stem, Relu6);
    for (index, block) in blocks(mobilenet_v2([1, 2, 2, 2, 1, 2, 1])).enumerate() {
        let scope = format!("features.{}.", index + 1);
        let convolutions = format!("{scope}conv.");
        let expands = usize::from(block.expansion > 1);
        let names = InvertedNames {
            expand: (expands == 1).then(|| names(&convolutions, 0)),
            depthwise: names(&convolutions, expands),
            project: last_names(&convolutions, expands + 1),
        };
        let y = inverted(&mut net, x, block, Relu6, &names);
        x = skip(&mut net, &scope, x, y, block);
    }
    let x = net.conv_norm_act(&Names::sequential("features.18.", 0), x, x.conv(1280, 1), Relu6);
    classify(net, x, ["classifier.0", "classifier.1"])
}

/// EfficientNet-Lite0 with the names of lukemelas' EfficientNet-PyTorch.
pub(super) fn efficientnet_lite0(name: &str) -> Graph {
    let (net, x) = Net::new(name, 224);
    let mut net = net.with_eps(1e-3).with_same_padding();
    let mut x = net.conv_norm_act(&lite_names("", "stem", 0), x, x.conv(32, 3).strided(2), Relu6);
    let stages = efficientnet_b0([1, 2, 2, 2, 1, 2, 1], [3, 3, 5, 3, 5, 5, 3]);
    for (index, block) in blocks(stages).enumerate() {
        let scope = format!("_blocks.{index}.");
        let names = |kind, number| lite_names(&scope, kind, number);
        let names = InvertedNames {
            expand: (block.expansion > 1).then(|| names("expand", 0)),
            depthwise: names("depthwise", 1),
            project: names("project", 2),
        };
        let mut y = inverted(&mut net, x, block, Relu6, &names);
        if block.stride == 1 && x.channels == y.channels {
            y = net.op(&format!("{scope}drop_path"), Op::DropPath(0.2 * index as f32 / 16.0), y);
        }
        x = skip(&mut net, &scope, x, y, block);
    }
    let x = net.conv_norm_act(&lite_names("", "head", 1), x, x.conv(1280, 1), Relu6);
    classify(net, x, ["_dropout", "_fc"])
}

fn lite_names(scope: &str, kind: &str, number: usize) -> Names {
    let conv = match kind {
        "stem" | "head" => format!("{scope}_conv_{kind}"),
        _ => format!("{scope}_{kind}_conv"),
    };
    Names { conv, norm: format!("{scope}_bn{number}"), activation: format!("{scope}_relu{number}") }
}

fn skip(net: &mut Net, scope: &str, x: Value, y: Value, block: Stage) -> Value {
    if block.stride == 1 && x.channels == y.channels { net.add(&format!("{scope}add"), &[x, y]) } else { y }
}

fn classify(mut net: Net, x: Value, [dropout, linear]: [&str; 2]) -> Graph {
    let x = net.global_mean(x);
    let x = net.op(dropout, Op::Dropout(0.2), x);
    let logits = net.linear(linear, x, 1000);
    net.finish(&[logits])
}
