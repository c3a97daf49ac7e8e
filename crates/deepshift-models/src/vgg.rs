//! The convolutions of VGG (Simonyan and Zisserman 2015).

use crate::net::{Names, Net, Value, pool};
use deepshift_core::graph::{Conv2d, Op};

/// Convolutions of the five stages of VGG-11, 13, 16 and 19.
pub(crate) type Counts = [usize; 5];

/// What differs between the variants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Features {
    /// Name of the `Sequential` with its dot.
    pub scope: &'static str,
    /// Bias of the convolutions.
    pub bias: bool,
    /// Batch normalisation after every convolution.
    pub norm: bool,
    /// Max pooling after the last stage too.
    pub last_pool: bool,
}

/// 3x3 convolutions, 64 to 512 channels wide, a max pooling between stages; modules are counted in one `Sequential`.
pub(crate) fn features(net: &mut Net, mut x: Value, counts: Counts, variant: Features) -> Value {
    let mut module = 0;
    for (stage, (count, width)) in counts.into_iter().zip([64, 128, 256, 512, 512]).enumerate() {
        for _ in 0..count {
            let conv = Conv2d { bias: variant.bias, ..x.conv(width, 3) };
            let names = Names::sequential(variant.scope, module);
            if variant.norm {
                x = net.conv_norm_relu(&names, x, conv);
                module += 3;
            } else {
                x = net.conv(&names.conv, x, conv);
                x = net.relu(&names.norm, x);
                module += 2;
            }
        }
        if stage < 4 || variant.last_pool {
            x = net.op(&format!("{}{module}", variant.scope), Op::MaxPool(pool(2, 2, 0)), x);
            module += 1;
        }
    }
    x
}
