//! Networks of depthwise convolutions, in the shapes that CIFAR-10 and ImageNet share: MobileNet, MobileNet V2 and
//! EfficientNet.

use crate::net::{Names, Net, Value};
use deepshift_core::graph::Activation;

/// MobileNet's pairs of a depthwise and a 1x1 convolution (Howard et al. 2017): channels and stride.
const MOBILENET: [[usize; 2]; 13] = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
    [512, 1],
    [512, 1],
    [512, 1],
    [512, 1],
    [512, 1],
    [1024, 2],
    [1024, 1],
];

/// MobileNet after its first convolution; names of a pair's two convolutions by the pair's number.
pub(crate) fn mobilenet(net: &mut Net, mut x: Value, names: impl Fn(usize) -> [Names; 2]) -> Value {
    for (index, [channels, stride]) in MOBILENET.into_iter().enumerate() {
        let [depthwise, pointwise] = names(index);
        x = net.conv_norm_relu(&depthwise, x, x.depthwise(x.channels, 3).strided(stride));
        x = net.conv_norm_relu(&pointwise, x, x.conv(channels, 1));
    }
    x
}

/// Equal blocks, but that only the first one strides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    pub expansion: usize,
    pub channels: usize,
    pub blocks: usize,
    pub stride: usize,
    pub kernel: usize,
}

/// The stages of MobileNet V2 (Sandler et al. 2018), the strides as given.
pub(crate) fn mobilenet_v2(strides: [usize; 7]) -> [Stage; 7] {
    let sizes = [[16, 1], [24, 2], [32, 3], [64, 4], [96, 3], [160, 3], [320, 1]];
    inverted_stages(sizes, strides, [3; 7])
}

/// The stages of EfficientNet-B0 (Tan and Le 2019), strides and kernels as given.
pub(crate) fn efficientnet_b0(strides: [usize; 7], kernels: [usize; 7]) -> [Stage; 7] {
    let sizes = [[16, 1], [24, 2], [40, 2], [80, 3], [112, 3], [192, 4], [320, 1]];
    inverted_stages(sizes, strides, kernels)
}

fn inverted_stages(sizes: [[usize; 2]; 7], strides: [usize; 7], kernels: [usize; 7]) -> [Stage; 7] {
    std::array::from_fn(|index| {
        let [channels, blocks] = sizes[index];
        let expansion = if index == 0 { 1 } else { 6 };
        Stage { expansion, channels, blocks, stride: strides[index], kernel: kernels[index] }
    })
}

/// The blocks of all stages in order.
pub(crate) fn blocks(stages: [Stage; 7]) -> impl Iterator<Item = Stage> {
    stages.into_iter().flat_map(|stage| {
        (0..stage.blocks)
            .map(move |index| Stage { stride: if index == 0 { stage.stride } else { 1 }, ..stage })
    })
}

/// Names of an inverted bottleneck's convolutions; without the first one there is no such convolution.
pub(crate) struct InvertedNames {
    pub expand: Option<Names>,
    pub depthwise: Names,
    pub project: Names,
}

/// 1x1 to more channels, depthwise, 1x1 to fewer without activation; whatever goes around it is not included.
pub(crate) fn inverted(
    net: &mut Net,
    x: Value,
    block: Stage,
    activation: Activation,
    names: &InvertedNames,
) -> Value {
    let mut y = x;
    if let Some(expand) = &names.expand {
        y = net.conv_norm_act(expand, y, y.conv(x.channels * block.expansion, 1), activation);
    }
    let depthwise = y.depthwise(y.channels, block.kernel).strided(block.stride);
    y = net.conv_norm_act(&names.depthwise, y, depthwise, activation);
    net.conv_norm(&names.project, y, y.conv(block.channels, 1))
}
