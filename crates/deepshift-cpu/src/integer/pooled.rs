//! Max poolings that are done on the sums of the layer before them, so that only the largest sums are ended.

use super::Layer;
use crate::geometry::Geometry;
use deepshift_core::graph::Shape;
use deepshift_core::integer::{IntegerNetwork, IntegerOp};
use deepshift_core::{Kernel, Model};

/// A layer, and the windows of the max pooling behind it.
#[derive(Clone, Copy)]
pub(super) struct Pooled {
    pub layer: usize,
    pub window: [usize; 2],
}

impl Pooled {
    /// The layer that node `index` can be done with, if it is a max pooling. Where no factor is negative, rescaling keeps
    /// the order of sums, and the largest value is that of the largest sum, to the bit.
    pub fn find(
        (model, network): (&Model, &IntegerNetwork),
        index: usize,
        shapes: &[Shape],
        kernel: Kernel,
    ) -> Option<Self> {
        let pooling = &network.nodes[index];
        let IntegerOp::MaxPool(pool) = &pooling.op else { return None };
        let &[below] = pooling.inputs.as_slice() else { return None };
        let IntegerOp::Layer { layer, epilogue } = &network.nodes[below].op else { return None };
        let (input, output) = (shapes[below], shapes[index]);
        let geometry =
            Geometry::new(&model.graph.nodes[*layer].op, shapes[network.nodes[below].inputs[0]], input)?;
        let [height, width] = pool.kernel;
        let apart = pool.stride == pool.kernel && pool.padding == [0; 2];
        let whole = [output.height * height, output.width * width] == [input.height, input.width];
        let users = network.nodes.iter().filter(|node| node.inputs.contains(&below)).count();
        let keeps_order = epilogue.rescales.iter().all(|rescale| rescale.multiplier >= 0);
        let same_format = pooling.format == network.nodes[below].format;
        let alone = users == 1 && below != network.output;
        (apart
            && whole
            && alone
            && keeps_order
            && same_format
            && Layer::can_pool(&geometry, pool.kernel, kernel))
        .then_some(Self { layer: below, window: pool.kernel })
    }
}
