//! The blocks of GoogLeNet (Szegedy et al. 2015, "Going Deeper with Convolutions") with batch normalisation.

use crate::net::{Names, Net, Value, pool};
use deepshift_core::graph::{Conv2d, Op};

/// Name of a block and channels of its branches: 1x1; 1x1 and 3x3; 1x1 and what is 5x5 in the paper; 1x1 after pooling.
pub(crate) type Inception = (&'static str, [usize; 6]);

/// Before `4a` and `5a` the picture is halved.
pub(crate) const BLOCKS: [Inception; 9] = [
    ("3a", [64, 96, 128, 16, 32, 32]),
    ("3b", [128, 128, 192, 32, 96, 64]),
    ("4a", [192, 96, 208, 16, 48, 64]),
    ("4b", [160, 112, 224, 24, 64, 64]),
    ("4c", [128, 128, 256, 24, 64, 64]),
    ("4d", [112, 144, 288, 32, 64, 64]),
    ("4e", [256, 160, 320, 32, 128, 128]),
    ("5a", [256, 160, 320, 32, 128, 128]),
    ("5b", [384, 192, 384, 48, 128, 128]),
];

/// What differs between the two GoogLeNets.
pub(crate) struct Variant {
    /// Bias of the convolutions.
    pub bias: bool,
    /// 3x3 convolutions that stand for the paper's 5x5.
    pub large_convs: usize,
    /// By the block's prefix, the branch (from 1) and the convolution's number in it.
    pub names: fn(&str, usize, usize) -> Names,
    /// What the pooling is called in the block.
    pub pool: &'static str,
}

/// Four branches over one input, concatenated.
pub(crate) fn inception(
    net: &mut Net,
    scope: &str,
    x: Value,
    channels: [usize; 6],
    variant: &Variant,
) -> Value {
    let [single, middle, middle_out, large, large_out, pooled] = channels;
    let large = [(large, 1), (large_out, 3), (large_out, 3)];
    let branches: [&[(usize, usize)]; 4] =
        [&[(single, 1)], &[(middle, 1), (middle_out, 3)], &large[..=variant.large_convs], &[(pooled, 1)]];
    let outputs = [1, 2, 3, 4].map(|branch| {
        let mut y = x;
        if branch == 4 {
            y = net.op(&format!("{scope}{}", variant.pool), Op::MaxPool(pool(3, 1, 1)), y);
        }
        for (index, &(channels, kernel)) in branches[branch - 1].iter().enumerate() {
            let conv = Conv2d { bias: variant.bias, ..y.conv(channels, kernel) };
            y = net.conv_norm_relu(&(variant.names)(scope, branch, index), y, conv);
        }
        y
    });
    net.concat(&format!("{scope}concat"), &outputs)
}
