//! The conversion of one layer.

use crate::Result;
use crate::convert::Options;
use crate::correct::{correct_norm, norm_behind, set_bias};
use crate::matrix::solve;
use crate::moments::{Affine, LEAST_GAIN, Moments};
use crate::quadratic::{Quadratic, Scale};
use crate::report::LayerReport;
use crate::round::{Row, exponents, nearest, out_of_range, pack, powers, rounded};
use deepshift_core::graph::Op;
use deepshift_core::{Grid, Model, ShiftWeight, Tensor};
use deepshift_cpu::Patches;
use rayon::prelude::*;

/// A layer of the float network.
pub(crate) struct Layer {
    pub node: usize,
    /// The node whose values it sees.
    pub operand: usize,
    pub patches: Patches,
    /// Zeros where it has none.
    pub bias: Vec<f32>,
    name: String,
    /// Of the weights, as PyTorch has it.
    shape: Vec<usize>,
    /// Row after row, in the order of the patches.
    weights: Vec<f32>,
    norm: Option<usize>,
    pull: f64,
}

/// The float weights' pull on the corrected ones, in mean variances of the inputs: without it the correction follows chance.
const PULL: f64 = 2.0;
/// The same for a convolution that no BatchNorm follows, where nothing else makes up for a drift.
const PULL_WITHOUT_NORM: f64 = 0.3;
/// What makes the covariance of the inputs safely invertible, in the same unit.
const DAMPING: f64 = 0.03;
/// How much more of both where there are as few samples as weights of a channel.
const PULL_OF_FEW: f64 = 20.0;
const DAMPING_OF_FEW: f64 = 0.2;
/// Scales between two powers of two that are tried where a BatchNorm takes them up: most for short rows, which differ most.
fn finer_scales(fan_in: usize) -> usize {
    (4096 / fan_in).clamp(8, 64)
}

impl Layer {
    pub fn new(model: &Model, node: usize) -> Result<Self> {
        let graph = &model.graph;
        let name = graph.nodes[node].name.clone();
        let patches = Patches::new(graph, node)?;
        let values = model.values(&name, "weight")?;
        let shape = model.tensors[&format!("{name}.weight")].shape().to_vec();
        let fan_in = patches.fan_in();
        let weights: Vec<f32> =
            (0..values.len()).map(|at| values[patches.weight_index(at / fan_in, at % fan_in)]).collect();
        let bias = match model.tensors.get(&format!("{name}.bias")) {
            Some(bias) => bias.values().into_owned(),
            None => vec![0.0; weights.len() / fan_in],
        };
        let (operand, norm) = (graph.nodes[node].inputs[0], norm_behind(graph, node));
        let pull = match (&graph.nodes[node].op, norm) {
            (Op::Conv2d(_), None) => PULL_WITHOUT_NORM,
            _ => PULL,
        };
        Ok(Self { node, operand, patches, bias, name, shape, weights, norm, pull })
    }

    /// The BatchNorm that alone uses the layer's values.
    pub fn norm(&self) -> Option<usize> {
        self.norm
    }

    /// Puts the layer's weight and what corrects it into the converted model. `moments` are those of each group.
    pub fn convert(
        &self,
        converted: &mut Model,
        moments: &[Moments],
        options: &Options,
    ) -> Result<LayerReport> {
        let weight = match options.reconstruct {
            true => self.reconstructed(moments, options),
            false => rounded(converted, &self.name, options)?,
        };
        let (fits, errors): (Vec<Affine>, Vec<f64>) = self.fits(&weight, moments).into_iter().unzip();
        match self.norm {
            // The bias is part of what BatchNorm sees.
            Some(norm) => {
                let fits: Vec<Affine> =
                    fits.iter().zip(&self.bias).map(|(fit, &bias)| fit.around(f64::from(bias))).collect();
                correct_norm(converted, norm, &fits)?;
            }
            None => {
                let bias = fits.iter().zip(&self.bias).map(|(fit, &bias)| bias + fit.shift as f32);
                set_bias(converted, self.node, bias.collect());
            }
        }
        let error = errors.iter().sum::<f64>() / errors.len().max(1) as f64;
        let beyond = match options.reconstruct && self.norm.is_some() {
            true => None,
            false => out_of_range(&self.weights, options),
        };
        let report = LayerReport::new(&self.name, &weight, Some(error), beyond);
        converted.tensors.insert(format!("{}.weight", self.name), Tensor::Shift(weight));
        Ok(report)
    }

    /// For each channel what sets its output right, and the error that is left.
    fn fits(&self, weight: &ShiftWeight, moments: &[Moments]) -> Vec<(Affine, f64)> {
        let (values, fan_in) = (weight.values(), self.patches.fan_in());
        let each = self.patches.group_channels();
        let fit = |channel: usize| {
            let row = (0..fan_in).map(|k| f64::from(values[self.patches.weight_index(channel, k)]));
            moments[channel / each].fit(channel % each, &row.collect::<Vec<f64>>(), self.norm.is_some())
        };
        (0..self.bias.len()).into_par_iter().map(fit).collect()
    }

    fn reconstructed(&self, moments: &[Moments], options: &Options) -> ShiftWeight {
        let (fan_in, each) = (self.patches.fan_in(), self.patches.group_channels());
        let grid = Grid::new(options.conversion.format, options.two_terms);
        let groups = moments.par_iter().zip(self.weights.par_chunks(each * fan_in));
        let rows: Vec<Vec<Row>> =
            groups.map(|(moments, weights)| self.group(moments, weights, &grid, options)).collect();
        let rows = rows.into_iter().flatten().enumerate();
        let rows = rows.map(|(channel, row)| Row { indices: self.by_name(channel, &row.indices), ..row });
        pack(self.shape.clone(), &grid, rows.collect(), options)
    }

    /// The order of the file from that of the patches.
    fn by_name(&self, channel: usize, indices: &[usize]) -> Vec<usize> {
        let mut ordered = vec![0; indices.len()];
        for (k, &index) in indices.iter().enumerate() {
            ordered[self.patches.weight_index(channel, k) - channel * indices.len()] = index;
        }
        ordered
    }

    fn group(&self, moments: &Moments, weights: &[f32], grid: &Grid, options: &Options) -> Vec<Row> {
        let fan_in = self.patches.fan_in();
        let unit = moments.covariance.mean_diagonal();
        let few = fan_in as f64 / moments.samples;
        let wanted = drift_corrected(moments, weights, unit * (self.pull + PULL_OF_FEW * few));
        let quadratic = Quadratic::new(&moments.covariance, unit * (DAMPING + DAMPING_OF_FEW * few));
        let choose = |wanted: &[f32]| match &quadratic {
            Some(quadratic) => self.row(quadratic, wanted, grid, options),
            None => nearest(wanted, grid, &exponents(wanted, options)),
        };
        wanted.par_chunks(fan_in).map(choose).collect()
    }

    /// The best of all scales.
    fn row(&self, quadratic: &Quadratic, wanted: &[f32], grid: &Grid, options: &Options) -> Row {
        let steps = if self.norm.is_some() { finer_scales(wanted.len()) } else { 1 };
        let scale = |power: i32, step: usize| {
            let finer = (step as f32 / steps as f32).exp2();
            let all = finer * (power as f32).exp2();
            match options.channel_exponents {
                true => Scale { exponent: power, factor: finer },
                false => Scale { exponent: 0, factor: all.max(LEAST_GAIN as f32) },
            }
        };
        let powers = match options.channel_exponents || self.norm.is_some() {
            true => powers(wanted, options.two_terms).to_vec(),
            false => vec![0],
        };
        let scales = powers.into_iter().flat_map(|power| (0..steps).map(move |step| scale(power, step)));
        quadratic.choose(wanted, grid, scales).unwrap_or_else(|| nearest(wanted, grid, &[0]))
    }
}

/// The weights that give, on what the converted network feeds the layer, what the float layer gives in the float network,
/// as far as the float weights `W` let them: `(Y X' + pull W) (X X' + pull)^-1`.
fn drift_corrected(moments: &Moments, weights: &[f32], pull: f64) -> Vec<f32> {
    let fan_in = moments.mean_x.len();
    let Some(lower) = moments.covariance.clone().damped(pull).cholesky() else { return weights.to_vec() };
    let corrected = |(weights, cross): (&[f32], &[f64])| {
        let mut x: Vec<f64> = cross.iter().zip(weights).map(|(y, &w)| y + pull * f64::from(w)).collect();
        solve(&lower, &mut x);
        x.into_iter().map(|x| x as f32).collect::<Vec<f32>>()
    };
    weights.par_chunks(fan_in).zip(moments.cross.par_chunks(fan_in)).flat_map_iter(corrected).collect()
}
