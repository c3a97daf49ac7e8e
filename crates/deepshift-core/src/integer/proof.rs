//! Proof that no integer overflows: computed by the exporter, and again by every reader from the codes themselves.

use super::{Epilogue, IntegerNetwork, IntegerNode, IntegerOp};
use crate::graph::{Graph, node_error};
use crate::weight::{MAX_INTEGER_BITS, ShiftWeight};
use crate::{Error, Result};

/// Largest `|acc|` of each output channel of a layer: `A = sum |W| * max(|lo|, |hi|)`.
pub fn accumulator_bound(weight: &ShiftWeight, channel: usize, input_magnitude: i64) -> i64 {
    let fan_in = weight.fan_in();
    let sum: i64 =
        (channel * fan_in..(channel + 1) * fan_in).map(|index| i64::from(weight.integer(index)).abs()).sum();
    sum.saturating_mul(input_magnitude)
}

/// What the proof found, for `inspect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proof {
    /// Largest accumulator bound of the network; below `2^31`.
    pub largest_accumulator: i64,
}

/// Largest `|acc|` of each output channel, or one for all channels.
type Bounds = Vec<i64>;

impl Proof {
    /// Proves one epilogue; what has no bound is not proved and so refused.
    fn add(&mut self, node: &IntegerNode, epilogue: &Epilogue, bounds: &Bounds) -> Result<()> {
        let channels = bounds.len().max(epilogue.channels);
        if ![bounds.len(), epilogue.channels].iter().all(|length| [1, channels].contains(length)) {
            let what = format!("{} bounds for {} rescalings", bounds.len(), epilogue.channels);
            return Err(node_error(&node.name, what));
        }
        for channel in 0..channels {
            let bound = bounds[if bounds.len() == 1 { 0 } else { channel }];
            if !epilogue.channel(channel).is_safe(bound) {
                return Err(Error::Limit(format!(
                    "node {}, channel {channel}: sums of up to {bound} can overflow",
                    node.name
                )));
            }
            self.largest_accumulator = self.largest_accumulator.max(bound);
        }
        Ok(())
    }
}

impl IntegerNetwork {
    /// Proves that every accumulator and every epilogue stays within i32; `weight` gives the packed weight of a node
    /// of the graph. [`shapes`](Self::shapes) must have passed.
    pub fn prove<'a>(
        &self,
        graph: &Graph,
        weight: impl Fn(&str) -> Option<&'a ShiftWeight>,
    ) -> Result<Proof> {
        let mut proof = Proof::default();
        for node in &self.nodes {
            let bounds = self.bounds(node, graph, &weight)?;
            let epilogues = node.op.epilogues();
            if bounds.len() != epilogues.len() {
                let what = format!("{} bounds for {} epilogues", bounds.len(), epilogues.len());
                return Err(node_error(&node.name, what));
            }
            epilogues
                .iter()
                .zip(&bounds)
                .try_for_each(|(epilogue, bounds)| proof.add(node, epilogue, bounds))?;
        }
        Ok(proof)
    }

    /// Those of each epilogue.
    fn bounds<'a>(
        &self,
        node: &IntegerNode,
        graph: &Graph,
        weight: impl Fn(&str) -> Option<&'a ShiftWeight>,
    ) -> Result<Vec<Bounds>> {
        let magnitude = |operand| self.operand_magnitude(node, operand);
        Ok(match &node.op {
            IntegerOp::Layer { layer, .. } => {
                let name = &graph.nodes[*layer].name;
                let weight = weight(name).ok_or_else(|| {
                    node_error(&node.name, format!("layer {name} has no shift weight: float mode only"))
                })?;
                vec![layer_bounds(node, weight, magnitude(0))?]
            }
            IntegerOp::Scale(_) => vec![vec![magnitude(0)]],
            IntegerOp::Concat(_) => (0..node.inputs.len()).map(|operand| vec![magnitude(operand)]).collect(),
            IntegerOp::Multiply(_) => vec![vec![magnitude(0).saturating_mul(magnitude(1))]],
            IntegerOp::AvgPool { pool, .. } => {
                let window = (pool.kernel[0] as i64).saturating_mul(pool.kernel[1] as i64);
                vec![vec![window.saturating_mul(magnitude(0))]]
            }
            IntegerOp::Add(_) => vec![vec![self.sum_bound(node)?]],
            // Copies and tables: nothing is computed.
            IntegerOp::Input(_) | IntegerOp::MaxPool(_) | IntegerOp::Table(_) | IntegerOp::Move(_) => {
                Vec::new()
            }
        })
    }

    fn sum_bound(&self, node: &IntegerNode) -> Result<i64> {
        let shifts = self.add_shifts(node).map_err(|what| node_error(&node.name, what))?;
        Ok(shifts
            .iter()
            .enumerate()
            .map(|(operand, &shift)| self.operand_magnitude(node, operand) << shift)
            .fold(0, i64::saturating_add))
    }

    /// `F_max - F_i` of each operand of an addition, at most 15.
    pub fn add_shifts(&self, node: &IntegerNode) -> std::result::Result<Vec<u32>, String> {
        let fractions: Vec<i32> =
            node.inputs.iter().map(|&input| self.nodes[input].format.fraction_bits).collect();
        let highest = fractions.iter().copied().max().unwrap_or(0);
        fractions
            .iter()
            .map(|&fraction| match highest - fraction {
                difference @ 0..=15 => Ok(difference as u32),
                difference => Err(format!("operands differ by {difference} fraction bits, 15 are allowed")),
            })
            .collect()
    }

    fn operand_magnitude(&self, node: &IntegerNode, operand: usize) -> i64 {
        self.nodes[node.inputs[operand]].format.max_magnitude()
    }
}

fn layer_bounds(node: &IntegerNode, weight: &ShiftWeight, magnitude: i64) -> Result<Bounds> {
    let bits = weight.format.bits;
    if bits > MAX_INTEGER_BITS {
        let what = format!("codes of {bits} bits: integer mode takes at most {MAX_INTEGER_BITS}");
        return Err(node_error(&node.name, what));
    }
    Ok((0..weight.channels()).map(|channel| accumulator_bound(weight, channel, magnitude)).collect())
}
