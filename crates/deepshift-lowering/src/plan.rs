//! Which values share memory.

use crate::network::Network;

/// When a value is written first and used last, in numbers of operations, and its bytes.
#[derive(Debug, Clone, Copy)]
struct Life {
    first: usize,
    last: usize,
    bytes: u64,
}

/// Buffers and which of them each value gets: values that live at the same time never share one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Bytes of each buffer.
    pub sizes: Vec<u64>,
    /// The buffer of each value.
    pub buffer_of: Vec<usize>,
}

impl Shared {
    /// Buffers for a network that runs so many pictures together.
    pub fn new(network: &Network, pictures: usize) -> Self {
        Self::of_lives(&lives(network, pictures))
    }

    /// Goes through the values in the order in which they are written and takes the free buffer that fits best.
    fn of_lives(lives: &[Life]) -> Self {
        let mut order: Vec<usize> = (0..lives.len()).collect();
        order.sort_by_key(|&value| lives[value].first);
        let mut shared = Self { sizes: Vec::new(), buffer_of: vec![0; lives.len()] };
        let mut free_after: Vec<usize> = Vec::new();
        for value in order {
            let life = lives[value];
            let free = (0..shared.sizes.len()).filter(|&buffer| free_after[buffer] < life.first);
            // Too large is better than too small; then the least difference.
            let best = free.min_by_key(|&buffer| {
                (shared.sizes[buffer] < life.bytes, shared.sizes[buffer].abs_diff(life.bytes))
            });
            let buffer = best.unwrap_or_else(|| {
                shared.sizes.push(0);
                free_after.push(0);
                shared.sizes.len() - 1
            });
            shared.sizes[buffer] = shared.sizes[buffer].max(life.bytes);
            free_after[buffer] = life.last;
            shared.buffer_of[value] = buffer;
        }
        shared
    }
}

/// From the writing of each value to its last use; the output is read after everything.
fn lives(network: &Network, pictures: usize) -> Vec<Life> {
    let mut lives: Vec<Life> = network
        .values
        .iter()
        .map(|value| Life { first: usize::MAX, last: 0, bytes: value.bytes() as u64 * pictures as u64 })
        .collect();
    lives[network.input].first = 0;
    for (index, operation) in network.operations.iter().enumerate() {
        // The input is written before operation 0.
        let time = index + 1;
        lives[operation.output].first = lives[operation.output].first.min(time);
        for &value in operation.operands.iter().chain([&operation.output]) {
            lives[value].last = lives[value].last.max(time);
        }
    }
    lives[network.output].last = usize::MAX;
    lives
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_share_when_they_do_not_meet() {
        let life = |first, last, bytes| Life { first, last, bytes };
        let lives = [life(0, 1, 10), life(1, 2, 20), life(2, 3, 8), life(3, 4, 30), life(2, 4, 5)];
        let shared = Shared::of_lives(&lives);
        for (i, a) in lives.iter().enumerate() {
            assert!(shared.sizes[shared.buffer_of[i]] >= a.bytes);
            for (j, b) in lives.iter().enumerate().skip(i + 1) {
                let meet = a.first <= b.last && b.first <= a.last;
                assert!(!meet || shared.buffer_of[i] != shared.buffer_of[j], "{i} and {j}");
            }
        }
        assert_eq!(shared.sizes.len(), 3);
    }
}
