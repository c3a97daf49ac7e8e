//! From a trained network to the file that is shipped.

use crate::Result;
use burn::tensor::Device;
use deepshift_burn::Network;
use deepshift_core::{Model, Provenance};
use deepshift_models::integer::build_integer;
use deepshift_train::calibrate;
use deepshift_train::data::Dataset;

/// Pictures whose activations choose the formats of integer mode.
pub const CALIBRATION_PICTURES: u32 = 1000;

/// A packed model and what a user should know of it.
pub struct Packed {
    pub model: Model,
    pub notes: Vec<String>,
}

/// Packs a network without gradients and gives it an integer network where that is possible.
pub fn pack(
    network: &Network,
    calibration: &Dataset,
    provenance: &Provenance,
    multiplier_free: bool,
) -> Result<Packed> {
    let mut packed = pack_float(
        network,
        Some(calibration.preprocessing().clone()),
        calibration.classes().to_vec(),
        provenance,
    )?;
    let statistics =
        calibrate(&network.clone().rounded(), calibration, CALIBRATION_PICTURES, &Device::flex())?;
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
    preprocessing: Option<deepshift_core::Preprocessing>,
    classes: Vec<String>,
    provenance: &Provenance,
) -> Result<Packed> {
    let exported = network.export(preprocessing, classes, provenance.clone())?;
    let notes = match exported.replaced_zeros {
        0 => Vec::new(),
        zeros => vec![format!("note: {zeros} zeros of type Q have no code and became the smallest weight")],
    };
    Ok(Packed { model: exported.model, notes })
}
