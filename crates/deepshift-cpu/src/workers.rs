//! Threads: the only place that knows of rayon. In wasm there is one thread and no rayon.

#[cfg(not(target_family = "wasm"))]
use rayon::prelude::*;

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod single;

#[cfg(not(target_family = "wasm"))]
pub(crate) use native::Workers;
#[cfg(target_family = "wasm")]
pub(crate) use single::Workers;

/// Calls `body(scratch, index, block)` for each block of `out`; the last one may be shorter. Scratch memory is made
/// once per thread or so and holds anything when `body` gets it.
pub(crate) fn for_each_block<T: Send, S: Default>(
    parallel: bool,
    out: &mut [T],
    block: usize,
    body: impl Fn(&mut S, usize, &mut [T]) + Sync,
) {
    let block = block.max(1);
    #[cfg(not(target_family = "wasm"))]
    if parallel && out.len() > block {
        return out
            .par_chunks_mut(block)
            .enumerate()
            .for_each_init(S::default, |scratch, (index, block)| body(scratch, index, block));
    }
    debug_assert!(!parallel || out.len() <= block, "there are no threads");
    let mut scratch = S::default();
    for (index, block) in out.chunks_mut(block).enumerate() {
        body(&mut scratch, index, block);
    }
}
