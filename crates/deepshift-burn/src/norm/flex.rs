//! Batch normalisation and its gradients on Burn's CPU backend, one channel of one picture after the other.

use crate::parallel::*;
use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use crate::flex::{tensor, values, values_mut};
use crate::vectors::{sum, vectorized};

/// Mean and biased variance `[2, c]`.
pub(super) fn channel_moments(input: FlexTensor) -> FlexTensor {
    let planes = Planes::of(&input);
    let input = input.to_contiguous();
    let of_planes: Vec<[f32; 2]> = values(&input).par_chunks(planes.pixels).map(plane_moments).collect();
    let moments: Vec<[f32; 2]> =
        (0..planes.channels).map(|channel| joined_moments(planes, channel, &of_planes)).collect();
    let halves = [0, 1].map(|half| moments.iter().map(move |moments| moments[half]));
    tensor(halves.into_iter().flatten().collect(), &[2, planes.channels])
}

/// Mean and sum of the squared distances from it.
fn plane_moments(plane: &[f32]) -> [f32; 2] {
    vectorized(|| {
        let [total] = sum(plane.iter(), |&x| [x]);
        let mean = total / plane.len() as f32;
        let [squares] = sum(plane.iter(), |&x| [(x - mean) * (x - mean)]);
        [mean, squares]
    })
}

/// Mean and variance of a channel from the moments of its planes (Chan, Golub and LeVeque, "Updating Formulae and a
/// Pairwise Algorithm for Computing Sample Variances", 1979).
fn joined_moments(planes: Planes, channel: usize, moments: &[[f32; 2]]) -> [f32; 2] {
    let of_channel =
        || moments[channel..].iter().step_by(planes.channels).map(|moments| moments.map(f64::from));
    let images = (moments.len() / planes.channels).max(1) as f64;
    let mean = of_channel().map(|[mean, _]| mean).sum::<f64>() / images;
    let pixels = planes.pixels as f64;
    let squares = of_channel().map(|[of_plane, squares]| squares + pixels * (of_plane - mean).powi(2));
    [mean as f32, (squares.sum::<f64>() / (images * pixels)) as f32]
}

/// How a tensor `[n, c, ..]` falls into planes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes {
    channels: usize,
    pixels: usize,
}

impl Planes {
    fn of(tensor: &FlexTensor) -> Self {
        let shape = tensor.shape();
        Self { channels: shape[1].max(1), pixels: shape.as_slice()[2..].iter().product::<usize>().max(1) }
    }
}

/// What is done to a channel: `(x - mean) * scale + offset`.
#[derive(Debug, Clone, Copy)]
struct Channel {
    mean: f32,
    scale: f32,
    offset: f32,
    /// `1 / sqrt(variance + epsilon)`.
    inverse_deviation: f32,
}

/// A normalisation as it was computed, to be differentiated.
#[derive(Debug, Clone)]
pub(super) struct Normalized {
    input: FlexTensor,
    channels: Vec<Channel>,
    /// The result where it cannot be had from the input alone.
    sum: Option<FlexTensor>,
    rectified: bool,
    adds: bool,
}

/// The gradients of a normalisation.
pub(super) struct NormGradients {
    pub input: FlexTensor,
    pub gamma: FlexTensor,
    pub beta: FlexTensor,
    /// Before ReLU, which is also the gradient of what was added.
    pub addend: Option<FlexTensor>,
}

impl Normalized {
    pub fn new(
        input: FlexTensor,
        moments: FlexTensor,
        [gamma, beta]: [FlexTensor; 2],
        epsilon: f32,
        rectified: bool,
    ) -> Self {
        let input = input.to_contiguous();
        let [moments, gamma, beta] = [moments, gamma, beta].map(|tensor| tensor.to_contiguous());
        let (mean, variance) = values(&moments).split_at(values(&gamma).len());
        let factors = values(&gamma).iter().zip(values(&beta));
        let channels = mean.iter().zip(variance).zip(factors).map(|((&mean, variance), (gamma, &offset))| {
            let inverse_deviation = 1.0 / (variance + epsilon).sqrt();
            Channel { mean, scale: gamma * inverse_deviation, offset, inverse_deviation }
        });
        Self { channels: channels.collect(), input, sum: None, rectified, adds: false }
    }

    /// The result, which is kept if it will be needed.
    pub fn output(&mut self, addend: Option<FlexTensor>) -> FlexTensor {
        let planes = Planes::of(&self.input);
        let addend = addend.map(|addend| addend.to_contiguous());
        let mut output = vec![0.0; self.input.shape().num_elements()];
        let inputs = values(&self.input).par_chunks(planes.pixels);
        let outputs = output.par_chunks_mut(planes.pixels).zip(inputs).enumerate();
        outputs.for_each(|(index, (output, input))| {
            let channel = self.channels[index % planes.channels];
            let addend =
                addend.as_ref().map(|addend| &values(addend)[index * planes.pixels..][..planes.pixels]);
            vectorized(|| channel.normalize(input, addend, self.rectified, output));
        });
        let output = tensor(output, self.input.shape().as_slice());
        self.adds = addend.is_some();
        self.sum = (self.adds && self.rectified).then(|| output.clone());
        output
    }

    /// The gradients for that of the result, whose memory is used again.
    pub fn gradients(self, grad: FlexTensor) -> NormGradients {
        let planes = Planes::of(&self.input);
        let mut grad = grad.to_contiguous();
        let sums = self.channel_sums(planes, values_mut(&mut grad));
        let gamma =
            self.channels.iter().zip(&sums).map(|(channel, sums)| sums[1] * channel.inverse_deviation);
        let (gamma, beta) = (gamma.collect(), sums.iter().map(|sums| sums[0]).collect());
        let derivative = self.derivative(planes, &sums);
        let (input, addend) = if self.adds {
            let mut input = vec![0.0; values(&grad).len()];
            let grads = values(&grad).par_chunks(planes.pixels);
            let planes = input.par_chunks_mut(planes.pixels).zip(grads).enumerate();
            planes.for_each(|(index, (output, grad))| derivative(index, Some(grad), output));
            (tensor(input, grad.shape().as_slice()), Some(grad))
        } else {
            let planes = values_mut(&mut grad).par_chunks_mut(planes.pixels).enumerate();
            planes.for_each(|(index, grad)| derivative(index, None, grad));
            (grad, None)
        };
        let of_channels = |values| tensor(values, &[planes.channels]);
        NormGradients { input, gamma: of_channels(gamma), beta: of_channels(beta), addend }
    }

    /// The sums over each channel of the gradient and of its product with the input's distance from the mean. Where
    /// the result is kept, the gradient is made zero where ReLU stopped it.
    fn channel_sums(&self, planes: Planes, grad: &mut [f32]) -> Vec<[f32; 2]> {
        let inputs = values(&self.input).par_chunks(planes.pixels);
        let of_planes =
            grad.par_chunks_mut(planes.pixels).zip(inputs).enumerate().map(|(index, (grad, input))| {
                let channel = self.channels[index % planes.channels];
                vectorized(|| {
                    if let Some(sum) = &self.sum {
                        let sum = &values(sum)[index * planes.pixels..][..planes.pixels];
                        grad.iter_mut()
                            .zip(sum)
                            .for_each(|(grad, &sum)| *grad = if sum <= 0.0 { 0.0 } else { *grad });
                    }
                    channel.sums(input, grad, self.masks())
                })
            });
        let of_planes: Vec<[f32; 2]> = of_planes.collect();
        let total = |channel: usize, index: usize| {
            let of_channel = of_planes[channel..].iter().step_by(planes.channels);
            of_channel.map(|sums| f64::from(sums[index])).sum::<f64>() as f32
        };
        (0..planes.channels).map(|channel| [total(channel, 0), total(channel, 1)]).collect()
    }

    /// Whether ReLU's mask has to be found out from the input.
    fn masks(&self) -> bool {
        self.rectified && self.sum.is_none()
    }

    /// Computes the gradient of the input, plane by plane: from that of the result, or in its place.
    fn derivative(
        &self,
        planes: Planes,
        sums: &[[f32; 2]],
    ) -> impl Fn(usize, Option<&[f32]>, &mut [f32]) + Sync {
        let count = (values(&self.input).len() / planes.channels).max(1) as f32;
        move |index, grad, output| {
            let channel = index % planes.channels;
            let means = sums[channel].map(|sum| sum / count);
            let input = &values(&self.input)[index * planes.pixels..][..planes.pixels];
            vectorized(|| self.channels[channel].differentiate(input, grad, means, self.masks(), output));
        }
    }
}

impl Channel {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        (x - self.mean) * self.scale + self.offset
    }

    /// NaN stays NaN.
    #[inline(always)]
    fn normalize(self, input: &[f32], addend: Option<&[f32]>, rectified: bool, output: &mut [f32]) {
        let rectify = |y: f32| if rectified && y <= 0.0 { 0.0 } else { y };
        match addend {
            None => output.iter_mut().zip(input).for_each(|(y, &x)| *y = rectify(self.value(x))),
            Some(addend) => {
                let inputs = input.iter().zip(addend);
                output
                    .iter_mut()
                    .zip(inputs)
                    .for_each(|(y, (&x, addend))| *y = rectify(self.value(x) + addend));
            }
        }
    }

    #[inline(always)]
    fn sums(self, input: &[f32], grad: &[f32], masked: bool) -> [f32; 2] {
        let pairs = input.iter().zip(grad);
        sum(pairs, |(&x, &grad)| {
            let grad = if masked && self.value(x) <= 0.0 { 0.0 } else { grad };
            [grad, grad * (x - self.mean)]
        })
    }

    /// The gradient of the input for that of the result, which `output` holds if it is not given; `means` are the
    /// [`sums`](Self::sums) over the channel, divided by the number of its values.
    #[inline(always)]
    fn differentiate(
        self,
        input: &[f32],
        grad: Option<&[f32]>,
        means: [f32; 2],
        masked: bool,
        output: &mut [f32],
    ) {
        let slope = means[1] * self.inverse_deviation * self.inverse_deviation;
        let derivative = |x: f32, grad: f32| {
            let grad = if masked && self.value(x) <= 0.0 { 0.0 } else { grad };
            self.scale * (grad - means[0] - (x - self.mean) * slope)
        };
        match grad {
            None => output.iter_mut().zip(input).for_each(|(grad, &x)| *grad = derivative(x, *grad)),
            Some(grad) => {
                let pairs = input.iter().zip(grad);
                output.iter_mut().zip(pairs).for_each(|(output, (&x, &grad))| *output = derivative(x, grad));
            }
        }
    }
}
