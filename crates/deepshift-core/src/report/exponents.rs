//! How often each power of two is used.

use crate::{Model, ShiftWeight};
use serde::Serialize;
use std::collections::BTreeMap;

/// Terms of one layer by their power of two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExponentCounts {
    /// Name of the layer.
    pub layer: String,
    /// Terms that are 0.
    pub zeros: u64,
    /// Terms `±2^n`, by `n`.
    pub powers: BTreeMap<i32, u64>,
}

impl ExponentCounts {
    /// Every term of every weight, the channel exponents included.
    fn of_weight(layer: &str, weight: &ShiftWeight) -> Self {
        let mut counts = Self { layer: layer.into(), zeros: 0, powers: BTreeMap::new() };
        let terms = 1 + usize::from(weight.second.is_some());
        for channel in 0..weight.channels() {
            // A table for each channel, because a map for each term takes a second for a large network.
            let mut by_k = [0; 1 << u8::BITS];
            for index in channel * weight.fan_in()..(channel + 1) * weight.fan_in() {
                for term in &weight.terms(index)[..terms] {
                    match term.sign {
                        0 => counts.zeros += 1,
                        _ => by_k[usize::from(term.k)] += 1,
                    }
                }
            }
            let exponent = weight.exponent(channel);
            for (k, &count) in (0..).zip(&by_k).filter(|&(_, &count)| count > 0) {
                *counts.powers.entry(exponent - k).or_default() += count;
            }
        }
        counts
    }

    /// Of every shift layer, in the order of the graph.
    pub fn of_model(model: &Model) -> Vec<Self> {
        let layers = model.graph.nodes.iter().map(|node| &node.name);
        layers
            .filter_map(|name| model.shift_weight(name).map(|weight| Self::of_weight(name, weight)))
            .collect()
    }

    /// Zeros and powers together.
    pub fn total(&self) -> u64 {
        self.zeros + self.powers.values().sum::<u64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ShiftFormat, ShiftType};

    #[test]
    fn terms_are_counted_with_their_channels_exponent() {
        let format = ShiftFormat::new(ShiftType::PS, 5).unwrap();
        let values = [0.5, -0.5, 0.0, 1.0];
        let (mut weight, _) = ShiftWeight::from_values(vec![2, 2], format, &values).unwrap();
        weight.raise_exponent(1, 2);
        let counts = ExponentCounts::of_weight("fc", &weight);
        assert_eq!((counts.zeros, counts.total()), (1, 4));
        assert_eq!(counts.powers, BTreeMap::from([(-1, 2), (0, 1)]));
    }
}
