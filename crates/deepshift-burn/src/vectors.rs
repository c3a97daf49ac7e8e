//! Loops with all vectors the processor has.

use macerator::{AutoArch, Simd, WithSimd};

/// Runs a function whose loops are compiled for the processor at hand. For that it has to be `#[inline(always)]`, and a
/// closure cannot be.
pub(crate) fn vectorized<A, T>(arguments: A, function: impl FnOnce(A) -> T) -> T {
    AutoArch::new().dispatch(Call { arguments, function })
}

struct Call<A, F> {
    arguments: A,
    function: F,
}

impl<A, T, F: FnOnce(A) -> T> WithSimd for Call<A, F> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self) -> T {
        (self.function)(self.arguments)
    }
}

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
