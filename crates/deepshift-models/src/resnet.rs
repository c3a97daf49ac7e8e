//! ResNets for CIFAR-10 with shortcuts of option A (He et al. 2015, section 4.2).

use deepshift_core::graph::{Conv2d, Graph, GraphBuilder, Op, PadShortcut};

/// Twenty layers: three stages of three blocks, 16, 32 and 64 channels wide.
pub fn resnet20() -> Graph {
    narrow_resnet("resnet20", 3)
}

fn narrow_resnet(name: &str, blocks: usize) -> Graph {
    let mut builder = GraphBuilder::new(name, &[3, 32, 32]);
    let mut x = conv_norm(&mut builder, "", "1", 0, Conv2d::square(3, 16, 3).padded(1));
    x = builder.relu("relu1", x);
    let mut channels = 16;
    for (stage, width) in [(1, 16), (2, 32), (3, 64)] {
        for index in 0..blocks {
            let stride = if index == 0 && stage > 1 { 2 } else { 1 };
            x = block(&mut builder, &format!("layer{stage}.{index}."), x, [channels, width], stride);
            channels = width;
        }
    }
    x = builder.op("avg_pool", Op::AdaptiveAvgPool([1, 1]), &[x]);
    x = builder.op("flatten", Op::Flatten, &[x]);
    let logits = builder.linear("linear", x, 64, 10);
    builder.finish(logits)
}

fn block(
    builder: &mut GraphBuilder,
    prefix: &str,
    input: usize,
    [channels, width]: [usize; 2],
    stride: usize,
) -> usize {
    let first = Conv2d::square(channels, width, 3).padded(1).strided(stride);
    let mut x = conv_norm(builder, prefix, "1", input, first);
    x = builder.relu(&format!("{prefix}relu1"), x);
    x = conv_norm(builder, prefix, "2", x, Conv2d::square(width, width, 3).padded(1));
    let shortcut = if stride == 1 && channels == width {
        input
    } else {
        let zeros = (width - channels) / 2;
        let op = Op::PadShortcut(PadShortcut { stride, before: zeros, after: zeros });
        builder.op(&format!("{prefix}shortcut"), op, &[input])
    };
    x = builder.op(&format!("{prefix}add"), Op::Add, &[x, shortcut]);
    builder.relu(&format!("{prefix}relu2"), x)
}

fn conv_norm(builder: &mut GraphBuilder, prefix: &str, number: &str, input: usize, conv: Conv2d) -> usize {
    let channels = conv.out_channels;
    let x = builder.conv(&format!("{prefix}conv{number}"), input, conv);
    builder.batch_norm(&format!("{prefix}bn{number}"), x, channels)
}
