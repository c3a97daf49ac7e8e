//! Sums that vectors can compute.

/// Sums over a sequence, in an order that vectors can follow.
#[inline(always)]
pub(crate) fn sum<const N: usize, I: ExactSizeIterator>(
    mut items: I,
    terms: impl Fn(I::Item) -> [f32; N],
) -> [f32; N] {
    const LANES: usize = 16;
    let mut sums = [[0.0; LANES]; N];
    while items.len() >= LANES {
        for (lane, item) in items.by_ref().take(LANES).enumerate() {
            let terms = terms(item);
            for index in 0..N {
                sums[index][lane] += terms[index];
            }
        }
    }
    for item in items {
        let terms = terms(item);
        for index in 0..N {
            sums[index][0] += terms[index];
        }
    }
    sums.map(|sums| sums.iter().sum())
}
