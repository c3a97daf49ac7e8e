//! The float network, and what its input is.

use super::Arguments;
use crate::dataset::usual_preprocessing;
use crate::{Error, Result, files, weights};
use burn::tensor::Device;
use deepshift_burn::{Network, TrainingOptions};
use deepshift_core::{Model, Provenance};
use deepshift_models::by_name;
use deepshift_train::pack_float;
use deepshift_weights::{ShiftLayers, WeightFile};
use std::path::Path;

/// Reads the float network and puts what the options say into it.
pub fn read(arguments: &Arguments) -> Result<Model> {
    let path = &arguments.source;
    let bytes = files::read(path)?;
    let mut model = match (&arguments.arch, files::is_packed(&bytes)) {
        (None, true) => files::parse_model(path, &bytes)?,
        (Some(arch), false) => state_dict(arguments, &bytes, arch)?,
        (Some(_), true) => {
            return Err(Error::input(format!(
                "{} knows its own architecture: leave out --arch",
                path.display()
            )));
        }
        (None, false) => return Err(without_arch(path, &bytes)),
    };
    let facts = &arguments.facts;
    if let Some(path) = &facts.class_names {
        model.classes = class_names(path)?;
    }
    model.provenance.license = facts.license.clone().unwrap_or(model.provenance.license);
    model.provenance.origin = facts.origin.clone().unwrap_or(model.provenance.origin);
    model.provenance.notes.extend(facts.note.iter().cloned());
    model.check()?;
    Ok(model)
}

fn without_arch(path: &Path, bytes: &[u8]) -> Error {
    if let Err(error) = WeightFile::parse(bytes) {
        return Error::input(format!("{}: {error}", path.display()));
    }
    let fitting = weights::architectures_of(bytes);
    let fitting =
        fitting.map_or(String::new(), |archs| format!(" (its names and shapes are those of {archs})"));
    Error::input(format!("{} does not say what network it belongs to: give --arch{fitting}", path.display()))
}

fn state_dict(arguments: &Arguments, bytes: &[u8], arch: &str) -> Result<Model> {
    let path = &arguments.source;
    let graph = by_name(arch).ok_or_else(|| Error::input(format!("there is no architecture {arch}")))?;
    let state = weights::read(path, bytes, &graph, &arguments.key)?;
    if ShiftLayers::of(&state).is_some() {
        return Err(Error::input(format!(
            "{}: its layers are shift layers already, and convert makes them of float layers: use deepshift export",
            path.display()
        )));
    }
    let network = Network::from_state(&graph, &state, TrainingOptions::default(), &Device::flex())
        .map_err(|error| Error::input(format!("{}: {error}", path.display())))?;
    let provenance =
        Provenance { license: "unknown".into(), origin: "unknown".into(), notes: Default::default() };
    Ok(pack_float(&network, usual_preprocessing(&graph), Vec::new(), &provenance)?.model)
}

fn class_names(path: &Path) -> Result<Vec<String>> {
    let text = String::from_utf8(files::read(path)?).map_err(|_| {
        Error::input(format!("{} is not UTF-8 text: write one name on each line", path.display()))
    })?;
    Ok(text.trim_end().lines().map(|line| line.trim().to_owned()).collect())
}
