//! Shift layers that a state dict tells by the names of its tensors.

use crate::StateDict;

/// How shift layers were trained, where their parameters are other than a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainedType {
    /// `shift` and `sign`.
    PS,
    /// `sign` and `scale`.
    DenseShift,
}

/// The layers of a state dict whose parameters are those of a shift type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftLayers {
    /// The type of all of them.
    pub trained: TrainedType,
    /// Their names.
    pub names: Vec<String>,
    /// Of type DenseShift, whose scales tell how many exponents there are.
    pub weight_bits: Option<u8>,
}

impl ShiftLayers {
    /// `None` where every layer has a weight.
    pub fn of(state: &StateDict) -> Option<Self> {
        let named = |suffix: &str| -> Vec<String> {
            state.keys().filter_map(|name| name.strip_suffix(suffix)).map(String::from).collect()
        };
        let (shifts, scales) = (named(".shift"), named(".scale"));
        let (trained, names) = match shifts.is_empty() {
            true => (TrainedType::DenseShift, scales),
            false => (TrainedType::PS, shifts),
        };
        let first = names.first()?;
        let scale = state.get(&format!("{first}.scale"));
        // A scale has one row for each step of the exponent, of which there are `2^(bits - 1) - 1`.
        let steps = scale.and_then(|scale| scale.shape.first()).copied();
        let weight_bits =
            steps.filter(|steps| (steps + 1).is_power_of_two()).map(|steps| (steps + 1).ilog2() as u8 + 1);
        Some(Self { trained, names, weight_bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepshift_core::FloatTensor;

    fn state(names: &[(&str, &[usize])]) -> StateDict {
        let tensor = |shape: &[usize]| FloatTensor {
            shape: shape.to_vec(),
            values: vec![0.0; shape.iter().product()],
        };
        names.iter().map(|(name, shape)| (String::from(*name), tensor(shape))).collect()
    }

    #[test]
    fn types_are_told_by_names() {
        assert_eq!(ShiftLayers::of(&state(&[("a.weight", &[1]), ("a.bias", &[1])])), None);
        let ps = ShiftLayers::of(&state(&[("a.shift", &[1]), ("a.sign", &[1]), ("b.weight", &[1])])).unwrap();
        assert_eq!((ps.trained, ps.names, ps.weight_bits), (TrainedType::PS, vec!["a".into()], None));
        let dense = ShiftLayers::of(&state(&[("a.scale", &[7, 1]), ("a.sign", &[1])])).unwrap();
        assert_eq!((dense.trained, dense.weight_bits), (TrainedType::DenseShift, Some(4)));
    }
}
