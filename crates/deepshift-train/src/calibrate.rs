//! The values of a trained network's nodes, for the formats of its integer network.

use crate::Error;
use crate::data::{Batch, Epoch, Source};
use crate::trainer::pictures;
use burn::tensor::Device;
use deepshift_burn::{Mode, Network};
use deepshift_models::integer::ActivationStatistics;
use std::num::NonZeroUsize;

const BATCH_SIZE: NonZeroUsize = NonZeroUsize::new(50).unwrap();

/// What the values of every node of the graph look like over the first `count` pictures; those that cannot be
/// read are left out.
pub fn calibrate(
    network: &Network,
    source: &dyn Source,
    count: u32,
    device: &Device,
) -> Result<Vec<ActivationStatistics>, Error> {
    let mut statistics = vec![ActivationStatistics::default(); network.graph().nodes.len()];
    let order = Epoch::in_order(count.min(source.len()), BATCH_SIZE);
    for indices in order.batches_from(0) {
        let batch = Batch::of(source, indices);
        let pictures_of_batch = batch.labels.len();
        if pictures_of_batch == 0 {
            continue;
        }
        network.forward_nodes(pictures(&batch, device), Mode::Evaluation, |node, value| {
            let values = value.to_vec();
            for picture in values.chunks(values.len() / pictures_of_batch) {
                statistics[node].observe(picture);
            }
        })?;
    }
    Ok(statistics)
}
