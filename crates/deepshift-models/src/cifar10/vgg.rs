//! VGG (Simonyan and Zisserman 2015, "Very Deep Convolutional Networks") with batch normalisation and one linear layer.

use crate::net::Net;
use crate::vgg::{Counts, Features, features};
use deepshift_core::graph::Graph;

pub(super) fn vgg(name: &str, counts: Counts) -> Graph {
    let (mut net, x) = Net::new(name, 32);
    let variant = Features { scope: "feature.", bias: false, norm: true, last_pool: false };
    let x = features(&mut net, x, counts, variant);
    net.classify("classifier", x, 10)
}
