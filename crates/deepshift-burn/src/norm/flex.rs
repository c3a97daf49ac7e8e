//! Batch normalisation and its gradients on Burn's CPU backend, one channel of one picture after the other.

use crate::parallel::*;
use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;
use macerator::{AutoArch, Simd, WithSimd};

use crate::flex::{contiguous, tensor, values, values_mut};
use crate::memory;
use crate::vectors::sum;

/// Mean and biased variance `[2, c]`.
pub(super) fn channel_moments(input: FlexTensor) -> FlexTensor {
    let planes = Planes::of(&input);
    let input = contiguous(input);
    let of_planes =
        values(&input).par_chunks(planes.pixels).map(|plane| AutoArch::new().dispatch(PlaneMoments(plane)));
    let of_planes: Vec<[f32; 2]> = of_planes.collect();
    let moments: Vec<[f32; 2]> =
        (0..planes.channels).map(|channel| joined_moments(planes, channel, &of_planes)).collect();
    let halves = [0, 1].map(|half| moments.iter().map(move |moments| moments[half]));
    tensor(halves.into_iter().flatten().collect(), &[2, planes.channels])
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

    /// Plane number `index` of a contiguous tensor.
    fn get(self, tensor: &FlexTensor, index: usize) -> &[f32] {
        &values(tensor)[index * self.pixels..][..self.pixels]
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
        let input = contiguous(input);
        let [moments, gamma, beta] = [moments, gamma, beta].map(contiguous);
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
        let addend = addend.map(contiguous);
        let mut output = memory::buffer(self.input.shape().num_elements());
        let inputs = values(&self.input).par_chunks(planes.pixels);
        let outputs = output.par_chunks_mut(planes.pixels).zip(inputs).enumerate();
        outputs.for_each(|(index, (output, input))| {
            let channel = self.channels[index % planes.channels];
            let addend = addend.as_ref().map(|addend| planes.get(addend, index));
            AutoArch::new().dispatch(Normalize { channel, input, addend, rectified: self.rectified, output });
        });
        let output = tensor(output, self.input.shape().as_slice());
        self.adds = addend.is_some();
        self.sum = (self.adds && self.rectified).then(|| output.clone());
        output
    }

    /// The gradients for that of the result. The memory of the input and of this gradient is used again.
    pub fn gradients(mut self, grad: FlexTensor) -> NormGradients {
        let planes = Planes::of(&self.input);
        let mut grad = contiguous(grad);
        if let Some(sum) = self.sum.take() {
            let pieces = values_mut(&mut grad).par_chunks_mut(planes.pixels);
            pieces
                .zip(values(&sum).par_chunks(planes.pixels))
                .for_each(|(grad, result)| AutoArch::new().dispatch(Mask { grad, result }));
            memory::reuse(sum);
            self.rectified = false;
        }
        let sums = self.channel_sums(planes, values(&grad));
        let gamma =
            self.channels.iter().zip(&sums).map(|(channel, sums)| sums[1] * channel.inverse_deviation);
        let of_channels = |values| tensor(values, &[planes.channels]);
        let gamma = of_channels(gamma.collect());
        let beta = of_channels(sums.iter().map(|sums| sums[0]).collect());
        let adds = self.adds;
        let input = self.input_gradient(planes, &sums, values(&grad));
        let addend = if adds {
            Some(grad)
        } else {
            memory::reuse(grad);
            None
        };
        NormGradients { input, gamma, beta, addend }
    }

    /// The sums over each channel of the gradient and of its product with the input's distance from the mean.
    fn channel_sums(&self, planes: Planes, grad: &[f32]) -> Vec<[f32; 2]> {
        let pairs = values(&self.input).par_chunks(planes.pixels).zip(grad.par_chunks(planes.pixels));
        let of_planes = pairs.enumerate().map(|(index, (input, grad))| {
            let channel = self.channels[index % planes.channels];
            AutoArch::new().dispatch(PlaneSums { channel, input, grad, rectified: self.rectified })
        });
        let of_planes: Vec<[f32; 2]> = of_planes.collect();
        let total = |channel: usize, index: usize| {
            let of_channel = of_planes[channel..].iter().step_by(planes.channels);
            of_channel.map(|sums| f64::from(sums[index])).sum::<f64>() as f32
        };
        (0..planes.channels).map(|channel| [total(channel, 0), total(channel, 1)]).collect()
    }

    fn input_gradient(mut self, planes: Planes, sums: &[[f32; 2]], grad: &[f32]) -> FlexTensor {
        let count = (grad.len() / planes.channels).max(1) as f32;
        let inputs = values_mut(&mut self.input).par_chunks_mut(planes.pixels);
        inputs.zip(grad.par_chunks(planes.pixels)).enumerate().for_each(|(index, (input, grad))| {
            let channel = index % planes.channels;
            let means = sums[channel].map(|sum| sum / count);
            let (rectified, channel) = (self.rectified, self.channels[channel]);
            AutoArch::new().dispatch(Differentiate { channel, input, grad, means, rectified });
        });
        self.input
    }
}

impl Channel {
    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        (x - self.mean) * self.scale + self.offset
    }
}

/// Zero where ReLU's result `y` is; NaN counts as a number that passes.
#[inline(always)]
fn rectify(y: f32, value: f32) -> f32 {
    if y <= 0.0 { 0.0 } else { value }
}

/// Mean of a plane, and sum of the squared distances from it.
struct PlaneMoments<'a>(&'a [f32]);

impl WithSimd for PlaneMoments<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self) -> [f32; 2] {
        let [total] = sum(self.0.iter(), |&x| [x]);
        let mean = total / self.0.len() as f32;
        let [squares] = sum(self.0.iter(), |&x| [(x - mean) * (x - mean)]);
        [mean, squares]
    }
}

/// A plane of the result.
struct Normalize<'a> {
    channel: Channel,
    input: &'a [f32],
    addend: Option<&'a [f32]>,
    rectified: bool,
    output: &'a mut [f32],
}

impl WithSimd for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self) {
        let Self { channel, input, addend, rectified, output } = self;
        for (y, &x) in output.iter_mut().zip(input) {
            *y = channel.value(x);
        }
        if let Some(addend) = addend {
            for (y, addend) in output.iter_mut().zip(addend) {
                *y += addend;
            }
        }
        if rectified {
            for y in output {
                *y = rectify(*y, *y);
            }
        }
    }
}

/// Stops the gradient where ReLU's result is zero.
struct Mask<'a> {
    grad: &'a mut [f32],
    result: &'a [f32],
}

impl WithSimd for Mask<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self) {
        for (grad, &y) in self.grad.iter_mut().zip(self.result) {
            *grad = rectify(y, *grad);
        }
    }
}

/// The sums over a plane of the gradient of the result and of its product with the input's distance from the mean.
struct PlaneSums<'a> {
    channel: Channel,
    input: &'a [f32],
    grad: &'a [f32],
    rectified: bool,
}

impl WithSimd for PlaneSums<'_> {
    type Output = [f32; 2];

    #[inline(always)]
    fn with_simd<S: Simd>(self) -> [f32; 2] {
        let Self { channel, input, grad, rectified } = self;
        sum(input.iter().zip(grad), |(&x, &grad)| {
            let grad = if rectified { rectify(channel.value(x), grad) } else { grad };
            [grad, grad * (x - channel.mean)]
        })
    }
}

/// Turns a plane of the input into its gradient for that of the result.
struct Differentiate<'a> {
    channel: Channel,
    input: &'a mut [f32],
    grad: &'a [f32],
    /// The [`PlaneSums`] over the channel, divided by the number of its values.
    means: [f32; 2],
    rectified: bool,
}

impl WithSimd for Differentiate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self) {
        let Self { channel, input, grad, means, rectified } = self;
        let slope = means[1] * channel.inverse_deviation * channel.inverse_deviation;
        for (x, &grad) in input.iter_mut().zip(grad) {
            let grad = if rectified { rectify(channel.value(*x), grad) } else { grad };
            *x = channel.scale * (grad - means[0] - (*x - channel.mean) * slope);
        }
    }
}
