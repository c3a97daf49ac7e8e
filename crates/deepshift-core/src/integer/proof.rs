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

impl Proof {
    fn add(&mut self, node: &IntegerNode, epilogue: &Epilogue, channel: usize, bound: i64) -> Result<()> {
        if !epilogue.channel(channel).is_safe(bound) {
            return Err(Error::Limit(format!(
                "node {}, channel {channel}: sums of up to {bound} can overflow",
                node.name
            )));
        }
        self.largest_accumulator = self.largest_accumulator.max(bound);
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
            match &node.op {
                IntegerOp::Layer { layer, epilogue } => {
                    let name = &graph.nodes[*layer].name;
                    let weight = weight(name).ok_or_else(|| {
                        node_error(&node.name, format!("layer {name} has no shift weight: float mode only"))
                    })?;
                    self.prove_layer(node, weight, epilogue, &mut proof)?;
                }
                _ => self.prove_other(node, &mut proof)?,
            }
        }
        Ok(proof)
    }

    fn prove_layer(
        &self,
        node: &IntegerNode,
        weight: &ShiftWeight,
        epilogue: &Epilogue,
        proof: &mut Proof,
    ) -> Result<()> {
        if weight.format.bits > MAX_INTEGER_BITS {
            return Err(node_error(
                &node.name,
                format!(
                    "codes of {} bits: integer mode takes at most {MAX_INTEGER_BITS}",
                    weight.format.bits
                ),
            ));
        }
        let magnitude = self.operand_magnitude(node, 0);
        (0..weight.channels()).try_for_each(|channel| {
            proof.add(node, epilogue, channel, accumulator_bound(weight, channel, magnitude))
        })
    }

    fn prove_other(&self, node: &IntegerNode, proof: &mut Proof) -> Result<()> {
        let bounds: Vec<i64> = match &node.op {
            IntegerOp::Scale(_) => vec![self.operand_magnitude(node, 0)],
            IntegerOp::Concat(epilogues) => {
                (0..epilogues.len()).map(|operand| self.operand_magnitude(node, operand)).collect()
            }
            IntegerOp::Multiply(_) => vec![self.operand_magnitude(node, 0) * self.operand_magnitude(node, 1)],
            IntegerOp::AvgPool { pool, .. } => {
                let window = (pool.kernel[0] as i64).saturating_mul(pool.kernel[1] as i64);
                vec![window.saturating_mul(self.operand_magnitude(node, 0))]
            }
            IntegerOp::Add(_) => vec![self.sum_bound(node)?],
            _ => Vec::new(),
        };
        for (epilogue, bound) in node.op.epilogues().iter().zip(bounds) {
            (0..epilogue.channels).try_for_each(|channel| proof.add(node, epilogue, channel, bound))?;
        }
        Ok(())
    }

    fn sum_bound(&self, node: &IntegerNode) -> Result<i64> {
        let shifts = self.add_shifts(node).map_err(|what| node_error(&node.name, what))?;
        Ok(shifts
            .iter()
            .enumerate()
            .map(|(operand, &shift)| self.operand_magnitude(node, operand) << shift)
            .sum())
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
