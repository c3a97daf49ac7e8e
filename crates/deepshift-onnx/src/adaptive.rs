//! PyTorch's `adaptive_avg_pool2d` along one axis.

/// Row-major `[output, input]` weights: output `i` is the mean of inputs `floor(i * in / out) .. ceil((i + 1) * in / out)`.
pub fn window_weights(input: usize, output: usize) -> Vec<f32> {
    let mut weights = vec![0.0; input * output];
    for (index, row) in weights.chunks_mut(input.max(1)).enumerate() {
        let (start, end) = (index * input / output, ((index + 1) * input).div_ceil(output));
        row[start..end].fill(1.0 / (end - start) as f32);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_overlap_where_sizes_do_not_divide() {
        assert_eq!(window_weights(4, 2), [0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5]);
        assert_eq!(window_weights(3, 2), [0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
        assert_eq!(window_weights(1, 2), [1.0, 1.0]);
    }
}
