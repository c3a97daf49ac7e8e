//! Building the integer network: formats, epilogues, and a proof for each channel.

use super::fraction::fraction_bits;
use super::fuse::{Fused, Fusion, copies, fuse};
use super::statistics::ActivationStatistics;
use deepshift_core::graph::{Activation, Graph, Movement, Op, Pool};
use deepshift_core::integer::{
    ByteTables, Epilogue, IntegerNetwork, IntegerNode, IntegerOp, Rescale, Target, accumulator_bound,
};
use deepshift_core::{Error, FixedPoint, MAX_OUTPUT, Model, Result, ShiftWeight, Tensor};

/// What building an integer network changed or chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IntegerReport {
    /// Channels whose exponent had to be raised so that no sum can overflow.
    pub raised: Vec<RaisedExponent>,
}

/// A channel that lost its smallest codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaisedExponent {
    /// Name of the layer.
    pub layer: String,
    /// Output channel.
    pub channel: usize,
    /// Powers of two.
    pub steps: u8,
}

/// Builds the integer network of a model from what calibration pictures gave at each node of its graph, and puts it
/// into the model. With `multiplier_free` every epilogue's M is a sum of at most three signed powers of two. On an
/// error the model is as before: it has float mode only.
pub fn build_integer(
    model: &mut Model,
    statistics: &[ActivationStatistics],
    multiplier_free: bool,
) -> Result<IntegerReport> {
    if statistics.len() != model.graph.nodes.len() {
        return Err(Error::BadArgument(format!(
            "statistics of {} nodes for a graph of {}",
            statistics.len(),
            model.graph.nodes.len()
        )));
    }
    let mut candidate = model.clone();
    let fusion = fuse(&model.graph);
    let mut builder = Builder {
        shapes: model.graph.shapes()?,
        graph: model.graph.clone(),
        model: &mut candidate,
        statistics,
        max_terms: multiplier_free.then_some(3),
        nodes: Vec::new(),
        node_of: vec![usize::MAX; model.graph.nodes.len()],
        report: IntegerReport::default(),
    };
    builder.build(&fusion)?;
    let output = builder.node_of[fusion.value_of[model.graph.logits()]];
    let network = IntegerNetwork { nodes: builder.nodes, output };
    let report = builder.report;
    candidate.integer = Some(network);
    candidate.check()?;
    *model = candidate;
    Ok(report)
}

struct Builder<'a> {
    graph: Graph,
    shapes: Vec<Vec<usize>>,
    model: &'a mut Model,
    statistics: &'a [ActivationStatistics],
    max_terms: Option<u32>,
    nodes: Vec<IntegerNode>,
    /// Index of the integer node that gives a graph node's value.
    node_of: Vec<usize>,
    report: IntegerReport,
}

/// `y = acc * factor + offset` of one channel, in real units of the operation's accumulator.
#[derive(Clone, Copy)]
struct Affine {
    factor: f64,
    offset: f64,
    /// Of the accumulator, or 0 where nothing tells it.
    mean: f64,
}

impl Affine {
    /// For an accumulator whose `1` is worth this.
    fn of_unit(self, unit: f64) -> Self {
        Self { factor: self.factor * unit, mean: self.mean / unit, ..self }
    }
}

impl Builder<'_> {
    fn build(&mut self, fusion: &Fusion) -> Result<()> {
        let wide = self.wide_nodes(fusion);
        let narrow = fraction_bits(&self.graph, fusion, self.statistics, &wide);
        for fused in &fusion.operations {
            let inputs: Vec<usize> = self.graph.nodes[fused.start]
                .inputs
                .iter()
                .map(|&input| self.node_of[fusion.value_of[input]])
                .collect();
            let mut fraction_bits =
                if wide[fused.end] { self.output_fraction_bits(fused) } else { narrow[fused.end] };
            // An output wants many fraction bits; fewer where the proof does not pass.
            let (op, format) = loop {
                let format = self.format(fused, fraction_bits, &inputs, &wide);
                match self.operation(fused, &inputs, format) {
                    Ok(op) => break (op, format),
                    Err(_) if wide[fused.end] && fraction_bits > -8 => fraction_bits -= 1,
                    Err(error) => return Err(error),
                }
            };
            let name = self.graph.nodes[fused.end].name.clone();
            self.node_of[fused.end] = self.nodes.len();
            self.nodes.push(IntegerNode { name, op, inputs, format });
        }
        Ok(())
    }

    /// The logits, and what flattening alone separates from them: these keep up to 24 bits.
    fn wide_nodes(&self, fusion: &Fusion) -> Vec<bool> {
        let mut wide = vec![false; self.graph.nodes.len()];
        let mut index = fusion.value_of[self.graph.logits()];
        loop {
            let fused = fusion.operations.iter().find(|fused| fused.end == index);
            match fused.map(|fused| &self.graph.nodes[fused.start].op) {
                Some(Op::Move(Movement::Flatten)) => {
                    wide[index] = true;
                    index = fusion.value_of[self.graph.nodes[index].inputs[0]];
                }
                Some(
                    Op::Conv2d(_)
                    | Op::Linear(_)
                    | Op::BatchNorm(_)
                    | Op::Add
                    | Op::Concat
                    | Op::AvgPool(_)
                    | Op::AdaptiveAvgPool(_)
                    | Op::Multiply,
                ) => {
                    wide[index] = true;
                    return wide;
                }
                // Tables and copies of i8 values give i8 logits, and so does everything before them.
                _ => return vec![false; wide.len()],
            }
        }
    }

    /// Four times the range seen, so that a clamp of the logits is out of the question.
    fn output_fraction_bits(&self, fused: &Fused) -> i32 {
        let room = f64::from(MAX_OUTPUT) / (4.0 * f64::from(self.statistics[fused.end].largest().max(1e-3)));
        (room.log2().floor() as i32).clamp(-8, 16)
    }

    fn format(&self, fused: &Fused, fraction_bits: i32, inputs: &[usize], wide: &[bool]) -> FixedPoint {
        if copies(&self.graph.nodes[fused.start].op) {
            return self.nodes[inputs[0]].format;
        }
        let format = if wide[fused.end] {
            FixedPoint::output(fraction_bits)
        } else {
            FixedPoint::signed_8(fraction_bits)
        };
        match fused.clamp {
            Some(bounds) => clamped(format, bounds),
            None => format,
        }
    }

    fn operation(&mut self, fused: &Fused, inputs: &[usize], format: FixedPoint) -> Result<IntegerOp> {
        let node = self.graph.nodes[fused.start].clone();
        let magnitude =
            |builder: &Self, operand: usize| builder.nodes[inputs[operand]].format.max_magnitude();
        Ok(match node.op {
            Op::Input(_) => IntegerOp::Input(self.input_tables(format)),
            Op::Conv2d(_) | Op::Linear(_) => {
                let input = self.nodes[inputs[0]].format;
                let epilogue = self.layer_epilogue(fused, input, format)?;
                IntegerOp::Layer { layer: fused.start, epilogue }
            }
            Op::Activation(activation) if activation.clamp().is_none() => {
                IntegerOp::Table(self.table(activation, inputs[0], format))
            }
            Op::BatchNorm(_) | Op::Activation(_) => {
                let bound = magnitude(self, 0);
                IntegerOp::Scale(self.plain_epilogue(fused, self.unit(inputs[0]), bound, format)?)
            }
            Op::Add => {
                let finest = inputs.iter().map(|&input| self.nodes[input].format.fraction_bits).max();
                let finest = finest.unwrap_or(0);
                let bound = inputs.iter().map(|&input| {
                    let operand = self.nodes[input].format;
                    operand.max_magnitude() << (finest - operand.fraction_bits).clamp(0, 15)
                });
                let bound = bound.sum();
                IntegerOp::Add(self.plain_epilogue(fused, exp2(-finest), bound, format)?)
            }
            Op::Multiply => {
                let bound = magnitude(self, 0) * magnitude(self, 1);
                let unit = self.unit(inputs[0]) * self.unit(inputs[1]);
                IntegerOp::Multiply(self.plain_epilogue(fused, unit, bound, format)?)
            }
            Op::Concat => IntegerOp::Concat(
                (0..inputs.len())
                    .map(|operand| {
                        let bound = magnitude(self, operand);
                        self.plain_epilogue(fused, self.unit(inputs[operand]), bound, format)
                    })
                    .collect::<Result<_>>()?,
            ),
            Op::AvgPool(_) | Op::AdaptiveAvgPool(_) => {
                let pool = self.average_windows(fused.start)?;
                let window = (pool.kernel[0] * pool.kernel[1]) as i64;
                let unit = self.unit(inputs[0]) / window as f64;
                let bound = window * magnitude(self, 0);
                IntegerOp::AvgPool { pool, epilogue: self.plain_epilogue(fused, unit, bound, format)? }
            }
            Op::MaxPool(pool) => IntegerOp::MaxPool(pool),
            Op::Move(movement) => IntegerOp::Move(movement),
            // Fusion leaves none of these.
            Op::Dropout(_) | Op::DropPath(_) => IntegerOp::Move(Movement::Flatten),
        })
    }

    /// What one unit of an integer node's value is worth.
    fn unit(&self, node: usize) -> f64 {
        exp2(-self.nodes[node].format.fraction_bits)
    }

    fn input_tables(&self, format: FixedPoint) -> ByteTables {
        match &self.model.preprocessing {
            Some(preprocessing) => {
                ByteTables { count: preprocessing.mean.len(), entries: preprocessing.tables(format) }
            }
            None => ByteTables::default(),
        }
    }

    fn table(&self, activation: Activation, input: usize, format: FixedPoint) -> ByteTables {
        let operand = self.nodes[input].format;
        let entry = |q: i32| format.quantize(activation.apply(operand.value(q))) as i8;
        ByteTables { count: 1, entries: (-128..128).map(entry).collect() }
    }

    fn average_windows(&self, node: usize) -> Result<Pool> {
        let size = match &self.graph.nodes[node].op {
            Op::AvgPool(pool) => return Ok(*pool),
            Op::AdaptiveAvgPool(size) => *size,
            _ => [1, 1],
        };
        let input = &self.shapes[self.graph.nodes[node].inputs[0]];
        let kernel = [input[1] / size[0], input[2] / size[1]];
        if [kernel[0] * size[0], kernel[1] * size[1]] != input[1..] {
            return Err(Error::BadArgument(format!(
                "node {}: windows of unequal size: integer mode averages equal ones only",
                self.graph.nodes[node].name
            )));
        }
        Ok(Pool { kernel, stride: kernel, padding: [0; 2], ceil_mode: false })
    }

    /// What a channel's bias and a following BatchNorm do to it.
    fn norm(&self, norm: Option<usize>, channel: usize, bias: f64) -> Result<Affine> {
        let alone = Affine { factor: 1.0, offset: bias, mean: 0.0 };
        let Some(index) = norm else { return Ok(alone) };
        let node = &self.graph.nodes[index];
        let Op::BatchNorm(norm) = &node.op else { return Ok(alone) };
        let at = |suffix| Ok::<f64, Error>(f64::from(self.model.values(&node.name, suffix)?[channel]));
        let factor = at("weight")? / (at("running_var")? + f64::from(norm.eps)).sqrt();
        let mean = at("running_mean")?;
        Ok(Affine { factor, offset: at("bias")? - mean * factor + bias * factor, mean: mean - bias })
    }

    /// The epilogue of everything but layers: one rescaling, or one for each channel where BatchNorm follows.
    fn plain_epilogue(&self, fused: &Fused, unit: f64, bound: i64, format: FixedPoint) -> Result<Epilogue> {
        let channels = if fused.norm.is_some() { self.shapes[fused.start][0] } else { 1 };
        let rescales = (0..channels).map(|channel| {
            let affine = self.norm(fused.norm, channel, 0.0)?.of_unit(unit);
            self.choose(affine, bound, format).ok_or_else(|| self.no_rescale(fused.start, channel))
        });
        Ok(Epilogue::new(rescales.collect::<Result<_>>()?))
    }

    fn choose(&self, affine: Affine, bound: i64, format: FixedPoint) -> Option<Rescale> {
        let scale = exp2(format.fraction_bits);
        let target = Target {
            factor: affine.factor * scale,
            offset: affine.offset * scale,
            mean: affine.mean,
            bound,
            range: format.max_magnitude() as f64,
        };
        Rescale::choose(&target, self.max_terms)
    }

    fn no_rescale(&self, node: usize, channel: usize) -> Error {
        Error::Limit(format!(
            "node {}, channel {channel}: no 32-bit epilogue holds its scale and offset",
            self.graph.nodes[node].name
        ))
    }

    fn layer_epilogue(&mut self, fused: &Fused, input: FixedPoint, format: FixedPoint) -> Result<Epilogue> {
        let node = self.graph.nodes[fused.start].clone();
        let Some(mut weight) = self.model.shift_weight(&node.name).cloned() else {
            return Err(Error::BadArgument(format!(
                "layer {} has f32 weights: integer mode needs shift weights in every layer",
                node.name
            )));
        };
        if weight.format.bits > deepshift_core::MAX_INTEGER_BITS {
            return Err(Error::BadArgument(format!(
                "layer {} has codes of {} bits: integer mode takes at most {}",
                node.name,
                weight.format.bits,
                deepshift_core::MAX_INTEGER_BITS
            )));
        }
        let has_bias = self.model.tensors.contains_key(&format!("{}.bias", node.name));
        let bias = if has_bias { self.model.values(&node.name, "bias")?.into_owned() } else { Vec::new() };
        let bias_rounding = node.shift_scheme().and_then(|scheme| scheme.bias);
        let mut rescales = Vec::with_capacity(weight.channels());
        let mut raised = Vec::new();
        for channel in 0..weight.channels() {
            let bias = bias
                .get(channel)
                .map_or(0.0, |&bias| f64::from(bias_rounding.map_or(bias, |rounding| rounding.floor(bias))));
            let affine = self.norm(fused.norm, channel, bias)?;
            let (rescale, steps) = self
                .choose_raising(&mut weight, channel, input, format, affine)
                .ok_or_else(|| self.no_rescale(fused.start, channel))?;
            rescales.push(rescale);
            if steps > 0 {
                raised.push(RaisedExponent { layer: node.name.clone(), channel, steps });
            }
        }
        self.report.raised.append(&mut raised);
        self.model.tensors.insert(format!("{}.weight", node.name), Tensor::Shift(weight));
        Ok(Epilogue::new(rescales))
    }

    /// The rescaling of a layer's channel, its exponent raised as far as the proof needs. Without one the weight is
    /// left raised and of no use.
    fn choose_raising(
        &self,
        weight: &mut ShiftWeight,
        channel: usize,
        input: FixedPoint,
        format: FixedPoint,
        affine: Affine,
    ) -> Option<(Rescale, u8)> {
        for steps in 0..=weight.format.kmax() {
            if steps > 0 {
                weight.raise_exponent(channel, 1);
            }
            let bound = accumulator_bound(weight, channel, input.max_magnitude());
            let unit = f64::from(weight.unit(channel)) * exp2(-input.fraction_bits);
            if let Some(rescale) = self.choose(affine.of_unit(unit), bound, format) {
                return Some((rescale, steps));
            }
            if bound < 1 << 31 {
                // The sum is no trouble, so raising does not help.
                break;
            }
        }
        None
    }
}

fn exp2(exponent: i32) -> f64 {
    f64::from(exponent).exp2()
}

/// `min(highest, 6 * 2^F)`.
/// The values of a format that lie between these bounds.
fn clamped(format: FixedPoint, [lowest, highest]: [f32; 2]) -> FixedPoint {
    let units = |bound: f32| f64::from(bound) * exp2(format.fraction_bits);
    FixedPoint {
        lowest: units(lowest).ceil().max(f64::from(format.lowest)) as i32,
        highest: units(highest).floor().min(f64::from(format.highest)) as i32,
        ..format
    }
}
