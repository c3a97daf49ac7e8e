//! Names that changed, and names that do not matter.

use std::borrow::Cow;

/// What torchvision's published DenseNets call `norm1` and so on: a dot before the number.
const OLD_PARTS: [(&str, &str); 4] =
    [(".norm.1.", ".norm1."), (".norm.2.", ".norm2."), (".conv.1.", ".conv1."), (".conv.2.", ".conv2.")];

/// The name that torchvision gives a tensor when it loads its published files.
pub(crate) fn current(name: &str) -> Cow<'_, str> {
    let Some(layer) = name.find("denselayer") else { return name.into() };
    let old =
        OLD_PARTS.into_iter().find_map(|(old, new)| name[layer..].find(old).map(|at| (layer + at, old, new)));
    match old {
        Some((at, old, new)) => format!("{}{new}{}", &name[..at], &name[at + old.len()..]).into(),
        None => name.into(),
    }
}

/// Counters that PyTorch and profilers leave in a state dict, and on which nothing depends.
pub(crate) fn is_harmless(name: &str) -> bool {
    let last = name.rsplit('.').next();
    matches!(last, Some("num_batches_tracked" | "total_ops" | "total_params" | "n_averaged"))
}

/// Auxiliary heads, which only training uses and which some networks of the same name lack.
pub(crate) fn is_auxiliary(name: &str) -> bool {
    ["aux.", "aux1.", "aux2.", "AuxLogits.", "aux_logits."].iter().any(|head| name.starts_with(head))
}

/// Whether what stands under this key belongs to an optimizer or its helpers, whose tensors may be named as weights are.
pub(crate) fn is_optimizer(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let helpers = ["opt", "sched", "scheduler", "lr_sched", "scaler", "grad_scaler", "amp"];
    key.contains("optim") || key.contains("scheduler") || helpers.contains(&key.as_str())
}

/// The names under which training scripts keep weights, those that are taken first in front.
const USUAL: [&str; 12] = [
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "module",
    "params",
    "weights",
    "generator",
    "backbone",
    "encoder",
];
/// What keeps a mean or an older state of the weights.
const SHADOWS: [&str; 9] =
    ["ema", "average", "averaged", "avg", "swa", "shadow", "teacher", "target", "momentum"];

/// The order in which equally good places are taken: the weights themselves before means of them, usual names before others,
/// and short names before long ones.
pub(crate) fn rank(prefix: &str) -> (bool, usize, usize) {
    let parts: Vec<&str> = prefix.split('.').filter(|part| !part.is_empty()).collect();
    let is_shadow = parts.iter().flat_map(|part| part.split('_')).any(|word| SHADOWS.contains(&word));
    let usual = |part: &&str| USUAL.iter().position(|usual| usual == part).unwrap_or(USUAL.len());
    (is_shadow, parts.first().map_or(0, usual), parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn densenets_are_renamed_as_torchvision_does() {
        for (old, new) in [
            (
                "features.denseblock1.denselayer12.norm.1.weight",
                "features.denseblock1.denselayer12.norm1.weight",
            ),
            (
                "features.denseblock1.denselayer1.conv.2.weight",
                "features.denseblock1.denselayer1.conv2.weight",
            ),
            (
                "features.denseblock1.denselayer1.norm1.weight",
                "features.denseblock1.denselayer1.norm1.weight",
            ),
            ("features.norm.1.weight", "features.norm.1.weight"),
        ] {
            assert_eq!(current(old), new);
        }
    }

    #[test]
    fn weights_come_before_their_means() {
        let mut prefixes = ["state_dict_ema.", "ema.module.", "model_ema.", "params.", "model.", ""];
        prefixes.sort_by_key(|prefix| rank(prefix));
        assert_eq!(prefixes[..3], ["", "model.", "params."]);
    }

    #[test]
    fn optimizers_are_known_by_their_keys() {
        assert!(
            ["optimizer", "optim_g", "optimizer_state_dict", "opt", "lr_scheduler"]
                .into_iter()
                .all(is_optimizer)
        );
        assert!(!["model", "options", "net", "scale", "amplifier"].into_iter().any(is_optimizer));
    }
}
