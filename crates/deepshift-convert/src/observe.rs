//! What the values of a network look like on the calibration pictures.

use crate::Result;
use crate::walk::{Chunk, Networks};
use deepshift_core::{Input, Model};
use deepshift_cpu::vectorized;
use deepshift_models::integer::ActivationStatistics;
use rayon::prelude::*;

/// Chunks of pictures that are worked on together.
const TOGETHER: usize = 64;

/// What the values of each node of a network look like on pictures given as it takes them.
///
/// # Errors
/// [`Error::BadArgument`](crate::Error::BadArgument) without pictures, [`Error::Core`](crate::Error::Core) for a model that does
/// not hold together or pictures that do not fit it.
pub fn observe(model: &Model, pictures: Input) -> Result<Vec<ActivationStatistics>> {
    observe_nodes(&Networks::new(model, model, pictures)?, &mut || Ok(()))
}

/// The same in the converted one of two networks. `go_on` is called now and then and may end it.
pub(crate) fn observe_nodes(
    networks: &Networks,
    go_on: &mut dyn FnMut() -> Result<()>,
) -> Result<Vec<ActivationStatistics>> {
    let empty = vec![vec![ActivationStatistics::default()]; networks.nodes()];
    Ok(observe_each(
        networks,
        &empty,
        go_on,
        #[inline(always)]
        |node, values| node[0].observe(values),
    )?
    .concat())
}

/// Statistics of each channel of these nodes, and none of others.
pub(crate) fn observe_channels(
    model: &Model,
    nodes: &[usize],
    pictures: Input,
    go_on: &mut dyn FnMut() -> Result<()>,
) -> Result<Vec<Vec<ActivationStatistics>>> {
    let shapes = model.graph.shapes()?;
    let mut empty = vec![Vec::new(); shapes.len()];
    nodes.iter().for_each(|&node| empty[node] = vec![ActivationStatistics::default(); shapes[node][0]]);
    observe_each(
        &Networks::new(model, model, pictures)?,
        &empty,
        go_on,
        ActivationStatistics::observe_channels,
    )
}

/// Statistics that start as `empty` and for which `observe` looks at a node's values of one picture.
fn observe_each(
    networks: &Networks,
    empty: &[Vec<ActivationStatistics>],
    go_on: &mut dyn FnMut() -> Result<()>,
    observe: impl Fn(&mut [ActivationStatistics], &[f32]) + Sync,
) -> Result<Vec<Vec<ActivationStatistics>>> {
    let of_chunk = |chunk: &Chunk| {
        let mut statistics = empty.to_vec();
        networks.run(chunk, |node, values| {
            for picture in values.chunks(values.len() / chunk.pictures) {
                vectorized(
                    #[inline(always)]
                    || observe(&mut statistics[node], picture),
                );
            }
        })?;
        Ok(statistics)
    };
    let mut all = empty.to_vec();
    for chunks in networks.chunks().chunks(TOGETHER) {
        go_on()?;
        let seen: Vec<Vec<Vec<ActivationStatistics>>> =
            chunks.par_iter().map(of_chunk).collect::<Result<_>>()?;
        for seen in &seen {
            all.iter_mut().flatten().zip(seen.iter().flatten()).for_each(|(all, seen)| all.merge(seen));
        }
    }
    Ok(all)
}
