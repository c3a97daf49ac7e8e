//! How a picture of bytes becomes the input of a network.

mod picture;
pub mod resample;

use picture::MAX_SIDE;

use crate::fixed::FixedPoint;
use crate::{Error, Result};
use serde::Serialize;

/// How a picture of any size becomes the input: resized, cropped at the centre, and each channel normalised as
/// `(byte / 255 - mean) / std`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preprocessing {
    /// Mean of each channel.
    pub mean: Vec<f32>,
    /// Standard deviation of each channel.
    pub std: Vec<f32>,
    /// Pixels of the shorter side after resizing, at least the input's height and width; where absent, the crop takes
    /// as much of the picture as it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resize: Option<u32>,
    /// How resizing weighs pixels.
    #[serde(skip_serializing_if = "Interpolation::is_default")]
    pub interpolation: Interpolation,
}

/// The filters of Pillow's `resize` that networks are trained with; both are widened where a picture shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Interpolation {
    /// A triangle of the nearest pixels.
    #[default]
    Bilinear,
    /// Cubic convolution with a = -1/2.
    Bicubic,
}

impl Interpolation {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Preprocessing {
    /// Normalisation by each channel's mean and standard deviation; the crop takes as much of a picture as it can.
    pub fn new(mean: Vec<f32>, std: Vec<f32>) -> Self {
        Self { mean, std, resize: None, interpolation: Interpolation::default() }
    }

    /// The input value of a byte.
    pub fn value(&self, channel: usize, byte: u8) -> f32 {
        (f32::from(byte) / 255.0 - self.mean[channel]) / self.std[channel]
    }

    /// Pictures `[n, channels, height, width]` of bytes as input values.
    pub fn normalize(&self, bytes: &[u8], pixels_per_channel: usize) -> Vec<f32> {
        let channels = self.mean.len();
        bytes
            .chunks(pixels_per_channel.max(1))
            .enumerate()
            .flat_map(|(plane, pixels)| pixels.iter().map(move |&byte| self.value(plane % channels, byte)))
            .collect()
    }

    /// The tables through which bytes enter integer mode, channel after channel.
    pub fn tables(&self, format: FixedPoint) -> Vec<i8> {
        (0..self.mean.len())
            .flat_map(|channel| (0..=255u8).map(move |byte| format.quantize(self.value(channel, byte)) as i8))
            .collect()
    }

    pub(crate) fn check(&self, input_shape: &[usize]) -> Result<()> {
        let usable = self.mean.iter().all(|mean| mean.is_finite())
            && self.std.iter().all(|std| std.is_finite() && *std > 0.0);
        let channels = channels(input_shape);
        let largest_crop = input_shape.iter().skip(1).copied().max().unwrap_or(1);
        let covers = self.resize.is_none_or(|side| (largest_crop..=MAX_SIDE).contains(&(side as usize)));
        if !usable || !covers || self.mean.len() != channels || self.std.len() != channels {
            return Err(Error::argument(format!(
                "preprocessing does not fit an input of shape {input_shape:?}: it needs a finite mean and a positive \
                 deviation of each channel, and to resize to no less than the input and no more than {MAX_SIDE}"
            )));
        }
        Ok(())
    }
}

/// A batch of inputs, `n` after another, each in the order of the graph's input shape.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// Bytes of pictures, to be normalised as the file says.
    Pictures(&'a [u8]),
    /// Values as the network takes them.
    Values(&'a [f32]),
}

impl Input<'_> {
    /// How many inputs of this shape there are; an error where they do not fill it.
    pub fn count(&self, input_shape: &[usize]) -> Result<usize> {
        let each: usize = input_shape.iter().product();
        let len = match self {
            Self::Pictures(bytes) => bytes.len(),
            Self::Values(values) => values.len(),
        };
        if each == 0 || !len.is_multiple_of(each) {
            return Err(Error::argument(format!("{len} input values are no multiple of {input_shape:?}")));
        }
        Ok(len / each)
    }

    /// `count` inputs of so many values each, from the one numbered `first` on; nothing where there are not so many.
    pub fn part(self, first: usize, count: usize, each: usize) -> Self {
        let range = first * each..(first + count) * each;
        match self {
            Self::Pictures(bytes) => Self::Pictures(bytes.get(range).unwrap_or_default()),
            Self::Values(values) => Self::Values(values.get(range).unwrap_or_default()),
        }
    }

    /// The values that enter float mode.
    pub fn values(&self, preprocessing: Option<&Preprocessing>, input_shape: &[usize]) -> Result<Vec<f32>> {
        match (self, preprocessing) {
            (Self::Values(values), _) => Ok(values.to_vec()),
            (Self::Pictures(bytes), Some(preprocessing)) => {
                Ok(preprocessing.normalize(bytes, pixels_per_channel(input_shape)))
            }
            (Self::Pictures(_), None) => {
                Err(Error::argument("the file does not say how bytes become inputs: give f32 values"))
            }
        }
    }
}

/// Channels of an input; a vector of features is one.
pub(crate) fn channels(input_shape: &[usize]) -> usize {
    if input_shape.len() == 3 { input_shape[0] } else { 1 }
}

/// Elements of one channel.
pub(crate) fn pixels_per_channel(input_shape: &[usize]) -> usize {
    if input_shape.len() == 3 { input_shape[1] * input_shape[2] } else { input_shape.iter().product() }
}
