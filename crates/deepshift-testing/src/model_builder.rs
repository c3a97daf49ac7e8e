use crate::Random;
use deepshift_core::bits::pack;
use deepshift_core::graph::{
    Activation, BatchNorm, Conv2d, GraphBuilder, Linear, Movement, Op, PadShortcut, Pool, ShiftScheme,
    WeightKind,
};
use deepshift_core::integer::{
    ByteTables, Epilogue, IntegerNetwork, IntegerNode, IntegerOp, Rescale, Target, accumulator_bound,
};
use deepshift_core::{
    FixedPoint, FloatTensor, Model, Preprocessing, Provenance, ShiftFormat, ShiftType, ShiftWeight, Tensor,
};
use std::collections::BTreeMap;

/// How the weights of a layer are coded.
#[derive(Debug, Clone, Copy)]
pub struct LayerSpec {
    pub format: ShiftFormat,
    pub two_terms: bool,
    pub exponents: bool,
    /// All weights as large as they get.
    pub largest: bool,
    /// Rounding of input and bias in float mode.
    pub fixed: Option<FixedPoint>,
}

impl LayerSpec {
    pub fn new(shift_type: ShiftType, bits: u8) -> Self {
        let format = ShiftFormat::new(shift_type, bits).unwrap();
        Self { format, two_terms: false, exponents: false, largest: false, fixed: None }
    }

    pub fn random(random: &mut Random) -> Self {
        Self {
            two_terms: random.chance(3),
            exponents: random.chance(3),
            largest: random.chance(8),
            ..Self::new(random.pick(&[ShiftType::Q, ShiftType::PS]), random.between(2, 5) as u8)
        }
    }
}

/// Builds a float graph and an integer network node by node.
pub struct ModelBuilder {
    pub random: Random,
    graph: GraphBuilder,
    tensors: BTreeMap<String, Tensor>,
    nodes: Vec<IntegerNode>,
    channels: Vec<usize>,
    preprocessing: Option<Preprocessing>,
    /// Format of the next node instead of a random one.
    pub next_format: Option<FixedPoint>,
}

impl ModelBuilder {
    pub fn new(seed: u64, input_shape: &[usize]) -> Self {
        let mut random = Random(seed);
        // As after ReLU or with a sign: kernels for bytes take the former only.
        let lowest = random.pick(&[-128, 0]);
        let format = FixedPoint { lowest, ..FixedPoint::signed_8(random.between(3, 6) as i32) };
        let channels = if input_shape.len() == 3 { input_shape[0] } else { 1 };
        let mean = random.floats(channels, 0.5);
        let std = (0..channels).map(|_| random.float().abs() + 0.2).collect();
        let preprocessing = Preprocessing::new(mean, std);
        let tables = ByteTables { count: channels, entries: preprocessing.tables(format) };
        let input =
            IntegerNode { name: "input".into(), op: IntegerOp::Input(tables), inputs: vec![], format };
        Self {
            random,
            graph: GraphBuilder::new("random", input_shape),
            tensors: BTreeMap::new(),
            nodes: vec![input],
            channels: vec![input_shape[0]],
            preprocessing: Some(preprocessing),
            next_format: None,
        }
    }

    pub fn conv(&mut self, input: usize, conv: Conv2d, spec: LayerSpec) -> usize {
        let weight =
            WeightKind::Shift(ShiftScheme { format: spec.format, input: spec.fixed, bias: spec.fixed });
        let conv = Conv2d { weight, ..conv };
        let shape = conv.weight_shape();
        let (channels, bias) = (conv.out_channels, conv.bias);
        self.layer(Op::Conv2d(conv), input, shape, bias.then_some(channels), spec)
    }

    pub fn linear(
        &mut self,
        input: usize,
        in_features: usize,
        out_features: usize,
        spec: LayerSpec,
    ) -> usize {
        let weight =
            WeightKind::Shift(ShiftScheme { format: spec.format, input: spec.fixed, bias: spec.fixed });
        let linear = Linear { in_features, out_features, bias: true, weight };
        self.layer(Op::Linear(linear), input, vec![out_features, in_features], Some(out_features), spec)
    }

    fn layer(
        &mut self,
        op: Op,
        input: usize,
        shape: Vec<usize>,
        bias: Option<usize>,
        spec: LayerSpec,
    ) -> usize {
        let weight = self.weight(shape, spec);
        let magnitude = self.magnitude(input);
        let bounds: Vec<i64> =
            (0..weight.channels()).map(|channel| accumulator_bound(&weight, channel, magnitude)).collect();
        let layer = self.nodes.len();
        let channels = weight.channels();
        let name = self.name();
        self.tensors.insert(format!("{name}.weight"), Tensor::Shift(weight));
        if let Some(length) = bias {
            self.float_tensor("bias", length, 1.0);
        }
        let epilogue = self.epilogue(&bounds);
        self.node(op, IntegerOp::Layer { layer, epilogue }, &[input], channels)
    }

    fn weight(&mut self, shape: Vec<usize>, spec: LayerSpec) -> ShiftWeight {
        let count: usize = shape.iter().product();
        let channels = shape[0];
        let second = ShiftFormat { shift_type: ShiftType::PS, ..spec.format };
        let first = self.codes(spec.format, count, spec.largest);
        let second = spec.two_terms.then(|| self.codes(second, count, spec.largest));
        let exponents =
            spec.exponents.then(|| (0..channels).map(|_| self.random.between(0, 6) as i8 - 3).collect());
        ShiftWeight { shape, format: spec.format, first, second, exponents }
    }

    fn codes(&mut self, format: ShiftFormat, count: usize, largest: bool) -> Vec<u8> {
        let highest = (1u8 << (format.bits - 1)) - 1;
        let sign = 1u8 << (format.bits - 1);
        let codes: Vec<u8> = (0..count)
            .map(|_| match largest {
                true => highest,
                false => loop {
                    let code = self.random.below(1 << format.bits) as u8;
                    if format.decode(code).is_some() {
                        break code;
                    }
                },
            })
            .collect();
        // All the largest weights of one network have one sign, so that sums reach their bound.
        let flip = largest && self.random.chance(2);
        pack(
            &codes.iter().map(|code| if flip { code | sign } else { *code }).collect::<Vec<_>>(),
            format.bits,
        )
    }

    /// A random safe rescaling for each bound.
    fn epilogue(&mut self, bounds: &[i64]) -> Epilogue {
        let rescales = bounds.iter().map(|&bound| {
            let gain = f64::from(self.random.float()) * 4.0;
            let target = Target {
                factor: 127.0 / bound.max(1) as f64 * gain,
                offset: f64::from(self.random.float()) * 20.0,
                mean: 0.0,
                bound,
                range: 127.0,
            };
            Rescale::choose(&target, None).unwrap_or_default()
        });
        Epilogue::new(rescales.collect())
    }

    /// One rescaling for all channels or one for each.
    fn shared_or_not(&mut self, bound: i64, channels: usize) -> Epilogue {
        let count = if self.random.chance(2) { 1 } else { channels };
        self.epilogue(&vec![bound; count])
    }

    pub fn scale(&mut self, input: usize) -> usize {
        let channels = self.channels[input];
        for suffix in ["weight", "bias", "running_mean"] {
            self.float_tensor(suffix, channels, 1.0);
        }
        let variance = (0..channels).map(|_| self.random.float().abs() + 0.1).collect();
        let name = format!("{}.running_var", self.name());
        self.tensors.insert(name, Tensor::Float(FloatTensor { shape: vec![channels], values: variance }));
        let epilogue = self.shared_or_not(self.magnitude(input), channels);
        let norm = BatchNorm { channels, eps: 1e-5 };
        self.node(Op::BatchNorm(norm), IntegerOp::Scale(epilogue), &[input], channels)
    }

    pub fn activation(&mut self, input: usize, activation: Activation) -> usize {
        let format = self.format();
        let from = self.nodes[input].format;
        let entries = (-128..128).map(|q| format.quantize(activation.apply(from.value(q))) as i8).collect();
        self.next_format = Some(format);
        let table = IntegerOp::Table(ByteTables { count: 1, entries });
        self.node(Op::Activation(activation), table, &[input], self.channels[input])
    }

    pub fn add(&mut self, inputs: &[usize]) -> usize {
        let fractions: Vec<i32> =
            inputs.iter().map(|&input| self.nodes[input].format.fraction_bits).collect();
        let highest = *fractions.iter().max().unwrap();
        let bound = inputs
            .iter()
            .zip(&fractions)
            .map(|(&input, fraction)| self.magnitude(input) << (highest - fraction))
            .sum();
        let channels = self.channels[inputs[0]];
        let epilogue = self.shared_or_not(bound, channels);
        self.node(Op::Add, IntegerOp::Add(epilogue), inputs, channels)
    }

    pub fn multiply(&mut self, x: usize, gate: usize) -> usize {
        let bound = self.magnitude(x) * self.magnitude(gate);
        let epilogue = self.shared_or_not(bound, self.channels[x]);
        self.node(Op::Multiply, IntegerOp::Multiply(epilogue), &[x, gate], self.channels[x])
    }

    pub fn concat(&mut self, inputs: &[usize]) -> usize {
        let epilogues = inputs
            .iter()
            .map(|&input| self.shared_or_not(self.magnitude(input), self.channels[input]))
            .collect();
        let channels = inputs.iter().map(|&input| self.channels[input]).sum();
        self.node(Op::Concat, IntegerOp::Concat(epilogues), inputs, channels)
    }

    pub fn average_pool(&mut self, input: usize, pool: Pool) -> usize {
        let window = (pool.kernel[0] * pool.kernel[1]) as i64;
        let epilogue = self.shared_or_not(window * self.magnitude(input), self.channels[input]);
        self.node(Op::AvgPool(pool), IntegerOp::AvgPool { pool, epilogue }, &[input], self.channels[input])
    }

    pub fn max_pool(&mut self, input: usize, pool: Pool) -> usize {
        self.copying(Op::MaxPool(pool), IntegerOp::MaxPool(pool), input, self.channels[input])
    }

    /// `features` is the length of the result.
    pub fn flatten(&mut self, input: usize, features: usize) -> usize {
        self.moved(input, Movement::Flatten, features)
    }

    pub fn slice(&mut self, input: usize, range: [usize; 2]) -> usize {
        self.moved(input, Movement::channels(range), range[1] - range[0])
    }

    pub fn shuffle(&mut self, input: usize, groups: usize) -> usize {
        self.moved(input, Movement::ChannelShuffle(groups), self.channels[input])
    }

    pub fn pad_shortcut(&mut self, input: usize, shortcut: PadShortcut) -> usize {
        let channels = self.channels[input] + shortcut.before + shortcut.after;
        self.moved(input, Movement::PadShortcut(shortcut), channels)
    }

    /// `channels` is how many the result has.
    pub fn moved(&mut self, input: usize, movement: Movement, channels: usize) -> usize {
        self.copying(Op::Move(movement.clone()), IntegerOp::Move(movement), input, channels)
    }

    fn copying(&mut self, op: Op, integer: IntegerOp, input: usize, channels: usize) -> usize {
        self.next_format = Some(self.nodes[input].format);
        self.node(op, integer, &[input], channels)
    }

    fn node(&mut self, op: Op, integer: IntegerOp, inputs: &[usize], channels: usize) -> usize {
        let (name, format) = (self.name(), self.format());
        self.next_format = None;
        self.graph.op(&name, op, inputs);
        self.nodes.push(IntegerNode { name, op: integer, inputs: inputs.to_vec(), format });
        self.channels.push(channels);
        self.nodes.len() - 1
    }

    /// Name of the node that comes next.
    fn name(&self) -> String {
        format!("node{}", self.nodes.len())
    }

    fn format(&mut self) -> FixedPoint {
        self.next_format.unwrap_or_else(|| {
            let fraction_bits = self.random.between(2, 6) as i32;
            let lowest = self.random.pick(&[-128, 0]);
            FixedPoint { lowest, ..FixedPoint::signed_8(fraction_bits) }
        })
    }

    fn magnitude(&self, node: usize) -> i64 {
        self.nodes[node].format.max_magnitude()
    }

    fn float_tensor(&mut self, suffix: &str, length: usize, scale: f32) {
        let tensor = FloatTensor { shape: vec![length], values: self.random.floats(length, scale) };
        self.tensors.insert(format!("{}.{suffix}", self.name()), Tensor::Float(tensor));
    }

    /// Replaces the epilogue of the last node.
    pub fn rescale_last(&mut self, rescale: Rescale) {
        if let Some(IntegerNode { op: IntegerOp::Layer { epilogue, .. }, .. }) = self.nodes.last_mut() {
            *epilogue = Epilogue::new(vec![rescale]);
        }
    }

    /// Makes the factors of the last node positive.
    pub fn keep_order(&mut self) {
        if let Some(IntegerNode { op: IntegerOp::Layer { epilogue, .. }, .. }) = self.nodes.last_mut() {
            for rescale in &mut epilogue.rescales {
                rescale.multiplier = rescale.multiplier.abs();
            }
        }
    }

    pub fn finish(self, output: usize) -> Model {
        let model = Model {
            graph: self.graph.finish(output),
            tensors: self.tensors,
            integer: Some(IntegerNetwork { nodes: self.nodes, output }),
            preprocessing: self.preprocessing,
            classes: Vec::new(),
            provenance: Provenance::default(),
        };
        model.check().expect("a test's model is in order");
        model
    }
}
