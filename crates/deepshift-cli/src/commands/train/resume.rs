//! Whether the options fit the run that is to go on.

use crate::{Error, Result};
use deepshift_train::{Decay, Settings};
use serde_json::Value;
use std::path::Path;

/// The settings with which a stopped run goes on: its own, but it may be made longer or shorter. An option that asks
/// for something else is refused, because it would be another run.
pub fn settings(folder: &Path, stored: &Settings, given: &Settings) -> Result<Settings> {
    let refuse = |what: String| {
        Err(Error::input(format!("{} holds a run of {what}: leave out what differs", folder.display())))
    };
    if given.architecture != stored.architecture {
        return refuse(format!("{}, and the options ask for {}", stored.architecture, given.architecture));
    }
    let json = |settings: &Settings| {
        let same_length = Settings { epochs: 0, ..settings.clone() };
        serde_json::to_value(same_length).map_err(Error::input)
    };
    if let Some(what) = difference("settings", &json(stored)?, &json(given)?) {
        return refuse(what);
    }
    if given.epochs != stored.epochs && matches!(stored.schedule.decay, Decay::Cosine { .. }) {
        return refuse(format!("{} epochs, where the cosine of its learning rate ends", stored.epochs));
    }
    Ok(Settings { epochs: given.epochs, ..stored.clone() })
}

/// The first setting that was asked for and is not the run's.
fn difference(name: &str, stored: &Value, given: &Value) -> Option<String> {
    match (stored, given) {
        _ if given == stored => None,
        (Value::Object(stored), Value::Object(given)) => given
            .iter()
            .find_map(|(key, given)| difference(key, stored.get(key).unwrap_or(&Value::Null), given)),
        _ => Some(format!("{} {stored}, and the options ask for {given}", name.replace('_', " "))),
    }
}
