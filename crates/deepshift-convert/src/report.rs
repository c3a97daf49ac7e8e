//! What a conversion gives.

use deepshift_core::{Model, OutOfRange, ShiftWeight};
use deepshift_models::integer::ActivationStatistics;

/// A converted network.
#[derive(Debug, Clone)]
pub struct Converted {
    /// With packed weights, and BatchNorm statistics or biases set right. It has float mode only.
    pub model: Model,
    /// One for each converted layer, in the graph's order.
    pub layers: Vec<LayerReport>,
    /// What the values of each node look like on the calibration pictures, for
    /// [`build_integer`](deepshift_models::integer::build_integer); empty without such pictures.
    pub statistics: Vec<ActivationStatistics>,
}

/// What became of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerReport {
    /// Its name.
    pub name: String,
    /// Number of weights.
    pub weights: usize,
    /// Bits of a weight, of both terms where there are two.
    pub bits: u8,
    /// The lowest and the highest channel exponent.
    pub exponents: [i32; 2],
    /// Mean over the channels of the squared error of the layer's output, in variances of what the float network gives there:
    /// on the calibration pictures, what the layers before it lost included. `None` without such pictures.
    pub output_error: Option<f64>,
    /// Weights beyond the codes; `None` where a channel exponent or a BatchNorm takes up the size of the weights.
    pub out_of_range: Option<OutOfRange>,
}

impl LayerReport {
    pub(crate) fn new(
        name: &str,
        weight: &ShiftWeight,
        output_error: Option<f64>,
        out_of_range: Option<OutOfRange>,
    ) -> Self {
        let exponents = || (0..weight.channels()).map(|channel| weight.exponent(channel));
        let terms = 1 + u8::from(weight.second.is_some());
        Self {
            name: name.into(),
            weights: weight.len(),
            bits: weight.format.bits * terms,
            exponents: [exponents().min().unwrap_or(0), exponents().max().unwrap_or(0)],
            output_error,
            out_of_range,
        }
    }
}
