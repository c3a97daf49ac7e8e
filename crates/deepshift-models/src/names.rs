//! Names that are not there, and what else was meant by them.

use std::collections::BTreeMap;

/// Names beyond this length, or beyond so many, are not compared: names of files are anybody's.
const LONGEST: usize = 200;
const MOST: usize = 1 << 14;
/// How much of two names must be alike for one to be a slip for the other.
const LEAST_LIKENESS: f64 = 0.5;

/// The name that was most likely meant by one that is not there; none where nothing is like it.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let candidates = candidates.into_iter().take(MOST).filter(|candidate| candidate.len() <= LONGEST);
    let likeness = |candidate: &str| {
        let letters = strsim::normalized_damerau_levenshtein(
            &name.to_ascii_lowercase(),
            &candidate.to_ascii_lowercase(),
        );
        // What a name ends with says more than what it begins with: `head.fc.weight` is `fc.weight`.
        letters.max(common_end(name, candidate))
    };
    let scored = candidates.map(|candidate| (likeness(candidate), candidate));
    let best = scored.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.filter(|&(likeness, _)| likeness >= LEAST_LIKENESS).map(|(_, candidate)| candidate)
}

/// Which part of two dotted names their common last parts are; one part in common is chance.
fn common_end(a: &str, b: &str) -> f64 {
    let parts = |name: &str| name.split('.').count();
    let common = a.rsplit('.').zip(b.rsplit('.')).take_while(|(a, b)| a == b).count();
    if common < 2 { 0.0 } else { common as f64 / parts(a).max(parts(b)) as f64 }
}

/// Names and shapes.
pub type Shapes<'a> = BTreeMap<&'a str, &'a [usize]>;

/// Compares the parameters that a network needs with those that there are.
///
/// # Errors
/// One line that says how many are not there, how many are not the network's, the first of each, the nearest name to
/// the first, and otherwise the first whose shape is another.
pub fn compare(network: &str, needed: &[(String, Vec<usize>)], found: &Shapes) -> Result<(), String> {
    let missing: Vec<&str> =
        needed.iter().map(|(name, _)| name.as_str()).filter(|name| !found.contains_key(name)).collect();
    let known: BTreeMap<&str, &[usize]> =
        needed.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
    let unexpected: Vec<&str> = found.keys().copied().filter(|name| !known.contains_key(name)).collect();
    if !missing.is_empty() || !unexpected.is_empty() {
        return Err(difference(network, needed.len(), &missing, &unexpected));
    }
    let others = needed.iter().filter_map(|(name, shape)| {
        found.get(name.as_str()).filter(|found| *found != shape).map(|found| (name, shape, found))
    });
    let others: Vec<_> = others.collect();
    let Some((name, shape, found)) = others.first() else { return Ok(()) };
    let more = match others.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more have another shape"),
    };
    Err(format!(
        "weights: {name} has shape {}, network {network} needs {}{more}: are they of another architecture or number of \
         classes?",
        by_x(found),
        by_x(shape)
    ))
}

fn difference(network: &str, needed: usize, missing: &[&str], unexpected: &[&str]) -> String {
    let lack = missing.first().map(|first| {
        let like = nearest(first, unexpected.iter().copied());
        let like = like.map_or(String::new(), |name| format!(" (nearest there: {name})"));
        format!("lack {first}{like}, which network {network} needs ({} of {needed} missing)", missing.len())
    });
    let have = unexpected
        .first()
        .map(|first| format!("have {first}, which network {network} does not ({} in all)", unexpected.len()));
    let parts: Vec<String> = lack.into_iter().chain(have).collect();
    format!("weights {}: are they of another architecture or shift depth?", parts.join(", and "))
}

fn by_x(shape: &[usize]) -> String {
    match shape {
        [] => "of a single number".into(),
        _ => shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_other_prefixes_are_understood() {
        let names = ["resnet18", "resnet50", "vgg16", "mobilenet_v2"];
        assert_eq!(nearest("resnet81", names), Some("resnet18"));
        assert_eq!(nearest("MobileNetV2", names), Some("mobilenet_v2"));
        assert_eq!(nearest("zzz", names), None);
        assert_eq!(
            nearest("fc.weight", ["conv.weight", "a.long.prefix.fc.weight"]),
            Some("conv.weight"),
            "few parts in common weigh less than letters"
        );
        assert_eq!(
            nearest("layer1.0.conv1.weight", ["layer1.0.bn1.bias", "stage.layer1.0.conv1.weight"]),
            Some("stage.layer1.0.conv1.weight")
        );
        assert_eq!(nearest(&"a".repeat(1000), ["a"]), None);
    }

    fn message(found: &[(&str, &[usize])]) -> String {
        let needed = vec![("a.weight".to_string(), vec![2, 3]), ("a.bias".into(), vec![2])];
        compare("tiny", &needed, &found.iter().copied().collect()).unwrap_err()
    }

    #[test]
    fn the_first_of_each_kind_is_named_with_the_counts() {
        let shape: &[usize] = &[2];
        assert_eq!(
            message(&[("a.wieght", &[2, 3]), ("a.bias", shape)]),
            "weights lack a.weight (nearest there: a.wieght), which network tiny needs (1 of 2 missing), and have \
             a.wieght, which network tiny does not (1 in all): are they of another architecture or shift depth?"
        );
        assert_eq!(
            message(&[("a.weight", &[2, 3]), ("a.bias", shape), ("b.bias", shape), ("c", shape)]),
            "weights have b.bias, which network tiny does not (2 in all): are they of another architecture or shift \
             depth?"
        );
        assert!(message(&[]).contains("(2 of 2 missing)"));
    }

    #[test]
    fn shapes_are_named() {
        assert_eq!(
            message(&[("a.weight", &[3, 2]), ("a.bias", &[])]),
            "weights: a.weight has shape 3x2, network tiny needs 2x3, and 1 more have another shape: are they of \
             another architecture or number of classes?"
        );
    }
}
