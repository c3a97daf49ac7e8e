//! Single layers for the benchmarks, without a network's input and output around them. Not part of the API.

use crate::context::Context;
use crate::geometry::Geometry;
use crate::integer::Layer;
use crate::isa::choose;
use crate::rescale::Rescaler;
use crate::{Error, Isa, Kernel, Result};
use deepshift_core::graph::{Conv2d, Op, Shape};
use deepshift_core::integer::{Epilogue, Rescale};
use deepshift_core::{FixedPoint, ShiftWeight};

/// A layer, its input and its output: i8 with the channels innermost.
pub struct LayerBench {
    layer: Layer,
    context: Context,
    x: Vec<i8>,
    out: Vec<i8>,
}

impl LayerBench {
    /// A convolution from `input` to `output`, both `[channels, height, width]`, on one thread.
    pub fn new(
        conv: Conv2d,
        [input, output]: [[usize; 3]; 2],
        weight: &ShiftWeight,
        (kernel, isa): (Kernel, Isa),
    ) -> Result<Self> {
        let [input, output] = [input, output].map(|shape| Shape::new(&shape));
        let geometry = Geometry::new(&Op::Conv2d(conv), input, output)
            .ok_or_else(|| Error::BadArgument("no layer".into()))?;
        let rescale = Rescale { multiplier: 3, offset: 9, pre_shift: 8, post_shift: 4 };
        let rescaler = Rescaler::new(&Epilogue::new(vec![rescale]), output.channels, FixedPoint::signed_8(4));
        let kernels = choose(Some(isa))?;
        // As behind a ReLU.
        let operand = FixedPoint { lowest: 0, ..FixedPoint::signed_8(4) };
        Ok(Self {
            layer: Layer::new(geometry, weight, operand, rescaler, (kernel, kernels)),
            context: Context { kernels, parallel: false },
            x: (0..input.elements()).map(|i| (i * 7919 % 128) as i8).collect(),
            out: vec![0; output.elements()],
        })
    }

    /// Computes the layer once.
    pub fn run(&mut self) -> &[i8] {
        self.layer.run(self.context, &self.x, &mut self.out);
        &self.out
    }
}
