/// How many classes come before this one: those with a larger logit, and of equals those with a lower index. NaN comes
/// after everything. `class` must be one of the logits.
pub fn rank(logits: &[f32], class: usize) -> usize {
    let own = logits[class];
    if own.is_nan() {
        return logits.len();
    }
    let before = |(other, &logit): (usize, &f32)| logit > own || (logit == own && other < class);
    logits.iter().enumerate().filter(|&item| before(item)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_better_classes_and_equal_earlier_ones() {
        let logits = [1.0, 3.0, 3.0, f32::NAN, -2.0];
        let ranks: Vec<usize> = (0..5).map(|class| rank(&logits, class)).collect();
        assert_eq!(ranks, [2, 0, 1, 5, 3]);
    }
}
