//! What the network should answer to a batch, and how far it is from that.

use crate::Error;
use crate::data::Batch;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Weight of the loss of a head that only training uses (Szegedy et al. 2015).
const AUXILIARY: f64 = 0.3;

/// The right answers to a batch.
pub(crate) struct Target {
    labels: Tensor<2, Int>,
    second: Option<Second>,
    smoothing: f64,
}

/// The other answers to mixed pictures.
struct Second {
    labels: Tensor<2, Int>,
    /// Of the first label in each picture, `[n, 1]`.
    share: Tensor<2>,
}

impl Target {
    /// Of a batch; the share `smoothing` of the answer is spread evenly over all classes.
    pub fn new(batch: &Batch, smoothing: f64, device: &Device) -> Self {
        let column = [batch.labels.len(), 1];
        let labels = |labels: &[i32]| Tensor::from_data(TensorData::new(labels.to_vec(), column), device);
        let second = batch.mix.as_ref().map(|mix| Second {
            labels: labels(&mix.second),
            share: Tensor::from_data(TensorData::new(mix.share.clone(), column), device),
        });
        Self { labels: labels(&batch.labels), second, smoothing }
    }

    /// The loss `[1]` of the log-probabilities `[n, classes]` of all heads, the network's own first.
    pub fn loss(&self, heads: Vec<Tensor<2>>) -> Result<Tensor<1>, Error> {
        let losses = heads.into_iter().enumerate().map(|(head, log_probabilities)| {
            let loss = self.cross_entropy(log_probabilities);
            if head == 0 { loss } else { loss.mul_scalar(AUXILIARY) }
        });
        losses
            .reduce(|sum, loss| sum + loss)
            .ok_or_else(|| Error::Settings("the network has no output".into()))
    }

    fn cross_entropy(&self, log_probabilities: Tensor<2>) -> Tensor<1> {
        let mut right = log_probabilities.clone().gather(1, self.labels.clone());
        if let Some(Second { labels, share }) = &self.second {
            let other = log_probabilities.clone().gather(1, labels.clone());
            right = other.clone() + (right - other) * share.clone();
        }
        let right = right.mean().neg();
        if self.smoothing == 0.0 {
            return right;
        }
        let all = log_probabilities.mean().neg();
        right.mul_scalar(1.0 - self.smoothing) + all.mul_scalar(self.smoothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Mix;

    fn loss(smoothing: f64, heads: &[[[f32; 3]; 2]]) -> f32 {
        loss_of(None, smoothing, heads)
    }

    fn loss_of(mix: Option<Mix>, smoothing: f64, heads: &[[[f32; 3]; 2]]) -> f32 {
        let device = Device::flex();
        let batch = Batch { images: vec![0.0; 2], labels: vec![2, 0], shape: [2, 1, 1, 1], mix };
        let heads = heads.iter().map(|head| Tensor::from_data(*head, &device)).collect();
        Target::new(&batch, smoothing, &device).loss(heads).unwrap().into_scalar::<f32>()
    }

    #[test]
    fn smoothing_asks_a_little_of_every_class() {
        let head = [[-1.0, -2.0, -3.0], [-4.0, -5.0, -9.0]];
        assert_eq!(loss(0.0, &[head]), 3.5);
        assert!((loss(0.3, &[head]) - (0.7 * 3.5 + 0.3 * 4.0)).abs() < 1e-6);
    }

    #[test]
    fn mixed_pictures_have_two_answers() {
        let head = [[-1.0, -2.0, -3.0], [-4.0, -5.0, -9.0]];
        let mix = Mix { second: vec![0, 2], share: vec![0.75, 0.5] };
        let expected = ((0.75 * 3.0 + 0.25 * 1.0) + (0.5 * 4.0 + 0.5 * 9.0)) / 2.0;
        assert!((loss_of(Some(mix), 0.0, &[head]) - expected).abs() < 1e-6);
    }

    #[test]
    fn further_heads_count_less() {
        let [own, other] = [[[-1.0, -1.0, -1.0]; 2], [[-2.0, -2.0, -2.0]; 2]];
        assert!((loss(0.0, &[own, other, other]) - (1.0 + 0.3 * 4.0)).abs() < 1e-6);
    }
}
