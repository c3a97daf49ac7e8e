//! State dicts from PyTorch's `.pth` (zip and legacy pickle) and from safetensors.

use crate::network::StateDict;
use crate::{Error, Result};
use burn::store::pytorch::PytorchReader;
use burn::store::pytorch_reader::PickleValue;
use burn::store::{ModuleStore, PytorchStore, SafetensorsStore, bridge};
use deepshift_core::FloatTensor;
use std::path::Path;

/// Reads the parameters of a `.pth`, `.pt`, `.pth.tar` or `.safetensors` file. A wrapper with a `state_dict` entry and
/// the `module.` prefix of data-parallel training are taken off; `num_batches_tracked` is left out.
pub fn read_state_dict(path: &Path) -> Result<StateDict> {
    std::fs::File::open(path).map_err(|error| bad(path, error.to_string()))?;
    let is_safetensors = path.extension().is_some_and(|extension| extension == "safetensors");
    let state = if is_safetensors {
        collect(&mut SafetensorsStore::from_file(path), path)?
    } else {
        read_pytorch(path)?
    };
    let state = strip_prefix(state);
    if state.is_empty() {
        return Err(bad(path, format!("no tensors in it. {WHOLE_MODULE}")));
    }
    Ok(state)
}

/// The entry under which training scripts keep the parameters beside other things.
const WRAPPER: &str = "state_dict";

const WHOLE_MODULE: &str = "A whole pickled module (`torch.save(model)`) cannot be read, because it needs the Python \
                            classes it was made of: save `model.state_dict()` instead and give that file";

fn read_pytorch(path: &Path) -> Result<StateDict> {
    let root = PytorchReader::read_pickle_data(path, None).map_err(|error| unreadable(path, error))?;
    let PickleValue::Dict(mut root) = root else {
        return Err(bad(path, format!("it holds no dictionary of tensors. {WHOLE_MODULE}")));
    };
    let wrapped = root.remove(WRAPPER);
    let is_wrapped = wrapped.is_some();
    let names = match wrapped {
        Some(PickleValue::Dict(inner)) => inner,
        _ => root,
    };
    // The reader shows a module as its children's dictionaries, where a state dict has tensors and its metadata only.
    let is_nested =
        |(name, value): (&String, &PickleValue)| name != "_metadata" && matches!(value, PickleValue::Dict(_));
    if names.iter().any(is_nested) {
        return Err(bad(path, format!("it holds dictionaries instead of tensors. {WHOLE_MODULE}")));
    }
    // By default Burn closes the gaps between numbered names: `features.3` would become `features.1`.
    let store = PytorchStore::from_file(path).map_indices_contiguous(false);
    collect(&mut if is_wrapped { store.with_top_level_key(WRAPPER) } else { store }, path)
}

fn collect<S: ModuleStore>(store: &mut S, path: &Path) -> Result<StateDict> {
    let tensors = store.get_all_tensors().map_err(|error| unreadable(path, error))?;
    let mut state = StateDict::new();
    for (name, tensor) in tensors {
        if name.ends_with("num_batches_tracked") {
            continue;
        }
        let data = bridge::to_data(tensor).map_err(|error| bad(path, format!("{name}: {error}")))?;
        let shape = data.shape().to_vec();
        state.insert(name.clone(), FloatTensor { shape, values: data.iter::<f32>().collect() });
    }
    Ok(state)
}

fn strip_prefix(state: StateDict) -> StateDict {
    let strip = |name: String| name.strip_prefix("module.").map_or(name.clone(), str::to_string);
    state.into_iter().map(|(name, tensor)| (strip(name), tensor)).collect()
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> Error {
    bad(path, format!("not readable as weights ({error}). {WHOLE_MODULE}"))
}

fn bad(path: &Path, what: String) -> Error {
    Error::BadFile { path: path.to_path_buf(), what }
}
