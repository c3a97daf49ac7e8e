//! The values of a trained network's nodes, for the formats of its integer network.

use crate::Error;
use crate::data::{Batch, Source};
use crate::trainer::pictures;
use burn::tensor::Device;
use deepshift_burn::{Mode, Network};
use deepshift_models::integer::ActivationStatistics;

const BATCH_SIZE: usize = 50;

/// What the values of every node of the graph look like over `count` pictures; those that cannot be read are left out.
pub fn calibrate(
    network: &Network,
    source: &dyn Source,
    count: u32,
    device: &Device,
) -> Result<Vec<ActivationStatistics>, Error> {
    let mut seen = 0;
    let mut statistics = vec![ActivationStatistics::default(); network.graph().nodes.len()];
    for indices in spread(count, source.len()).chunks(BATCH_SIZE) {
        let batch = Batch::of(source, indices);
        let pictures_of_batch = batch.labels.len();
        if pictures_of_batch == 0 {
            continue;
        }
        seen += pictures_of_batch;
        network.forward_nodes(pictures(&batch, device), Mode::Evaluation, |node, value| {
            let values = value.to_vec();
            for picture in values.chunks(values.len() / pictures_of_batch) {
                statistics[node].observe(picture);
            }
        })?;
    }
    match seen {
        0 => Err(source.skipped().error(count.min(source.len()) as usize).into()),
        _ => Ok(statistics),
    }
}

/// So many of all pictures, evenly spaced: files often come class by class.
pub fn spread(count: u32, all: u32) -> Vec<u32> {
    let count = count.min(all);
    (0..count).map(|place| (u64::from(place) * u64::from(all) / u64::from(count)) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibration_pictures_come_from_everywhere() {
        assert_eq!(spread(4, 10), [0, 2, 5, 7]);
        assert_eq!(spread(9, 3), [0, 1, 2]);
        assert_eq!(spread(1000, 60_000)[999], 59_940);
        assert!(spread(5, 0).is_empty() && spread(0, 5).is_empty());
    }
}
