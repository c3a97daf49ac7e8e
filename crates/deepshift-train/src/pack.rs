//! From a trained network to the file that is shipped, and back.

use crate::data::Source;
use crate::{Error, calibrate};
use burn::module::Module;
use burn::tensor::Device;
use deepshift_burn::{Network, StateDict};
use deepshift_core::{FloatTensor, Model, Preprocessing, Provenance, Tensor};
use deepshift_models::integer::build_integer;

/// Pictures whose activations choose the formats of integer mode, where nothing else is asked for.
pub const CALIBRATION_PICTURES: u32 = 1000;

/// A packed model and what a user should know of it.
pub struct Packed {
    /// The model.
    pub model: Model,
    /// What packing changed or could not do, each a line.
    pub notes: Vec<String>,
}

/// Packs a network without gradients and gives it an integer network where that is possible, with formats from
/// `pictures` of the calibration data, evenly spaced.
pub fn pack(
    network: &Network,
    calibration: &dyn Source,
    pictures: u32,
    provenance: &Provenance,
    multiplier_free: bool,
) -> Result<Packed, Error> {
    let preprocessing = Some(calibration.preprocessing().clone());
    let mut packed = pack_float(network, preprocessing, calibration.classes().to_vec(), provenance)?;
    let on_cpu = network.clone().to_device(&Device::flex()).rounded();
    let statistics = calibrate(&on_cpu, calibration, pictures, &Device::flex())?;
    match build_integer(&mut packed.model, &statistics, multiplier_free) {
        Ok(report) if report.raised.is_empty() => {}
        Ok(report) => packed.notes.push(format!(
            "note: {} channels had their exponent raised, the first in layer {}, so that no sum can overflow",
            report.raised.len(),
            report.raised[0].layer
        )),
        Err(error) => packed.notes.push(format!("note: the file has float mode only: {error}")),
    }
    Ok(packed)
}

/// Packs a network for float mode only.
pub fn pack_float(
    network: &Network,
    preprocessing: Option<Preprocessing>,
    classes: Vec<String>,
    provenance: &Provenance,
) -> Result<Packed, Error> {
    // A network may tell more classes apart than it was shown.
    let graph = network.graph();
    let logits: usize = graph.shapes()?[graph.logits()].iter().product();
    let classes = if classes.len() == logits { classes } else { Vec::new() };
    let exported = network.export(preprocessing, classes, provenance.clone())?;
    let notes = match exported.replaced_zeros {
        0 => Vec::new(),
        zeros => vec![format!("note: {zeros} zeros of type Q have no code and became the smallest weight")],
    };
    Ok(Packed { model: exported.model, notes })
}

/// The parameters of a packed model, shift weights decoded: where a fine-tuning starts.
pub fn model_weights(model: &Model) -> StateDict {
    let decoded = |tensor: &Tensor| FloatTensor {
        shape: tensor.shape().to_vec(),
        values: tensor.values().into_owned(),
    };
    model.tensors.iter().map(|(name, tensor)| (name.clone(), decoded(tensor))).collect()
}
