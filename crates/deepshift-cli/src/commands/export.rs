//! `deepshift export`: a trained network as a packed file, or as ONNX.

use super::train::{BEST, CHECKPOINT, MODEL, ORIGIN, ShiftOptions};
use crate::dataset::{TestSet, Wanted, usual_preprocessing};
use crate::{Error, Result, files, output, text};
use burn::tensor::Device;
use clap::Args;
use deepshift_burn::{Network, StateDict, TrainingOptions, read_state_dict};
use deepshift_core::Provenance;
use deepshift_core::graph::Graph;
use deepshift_models::{by_name, to_shift};
use deepshift_train::data::Part;
use deepshift_train::{
    CALIBRATION_PICTURES, Packed, checkpoint_settings, checkpoint_weights, pack, pack_float,
};
use std::path::{Path, PathBuf};

/// Pack a trained network into a .dshift file, or write it as ONNX
///
/// Pictures of the data set choose the 8-bit formats of integer mode; without them the file has float mode only.
#[derive(Args)]
pub struct Arguments {
    /// Folder of a training, a state dict (.pth or .safetensors), or with --onnx also a .dshift file
    source: PathBuf,
    /// The file to write [default: model.dshift, or model.onnx]
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Write the float network as ONNX, weights decoded to f32, for other runtimes
    #[arg(long)]
    onnx: bool,
    /// Architecture of a state dict
    #[arg(short = 'a', long, value_parser = clap::builder::PossibleValuesParser::new(deepshift_models::NAMES))]
    arch: Option<String>,
    #[command(flatten)]
    shift: ShiftOptions,
    /// Folder of the data set [default: data, where there is one]
    #[arg(long, env = "DEEPSHIFT_DATA")]
    data: Option<PathBuf>,
    /// Let the epilogues of integer mode shift and add instead of multiplying
    #[arg(long)]
    multiplier_free: bool,
    /// Licence of the weights, written into the file
    #[arg(long, default_value = "unknown")]
    license: String,
    /// Where the weights come from, written into the file [default: the training, or unknown]
    #[arg(long)]
    origin: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let extension = if arguments.onnx { "onnx" } else { "dshift" };
    let path = arguments.output.clone().unwrap_or_else(|| format!("model.{extension}").into());
    files::check_output(&path, extension)?;
    let packed = read_packed(arguments)?;
    for note in &packed.notes {
        output::note(note);
    }
    let model = &packed.model;
    let (bytes, what) = match (arguments.onnx, &model.integer) {
        (true, _) => (deepshift_onnx::to_bytes(model).map_err(Error::input)?, "ONNX"),
        (false, Some(_)) => (model.to_bytes()?, "float and integer mode"),
        (false, None) => (model.to_bytes()?, "float mode only"),
    };
    files::write(&path, &bytes)?;
    output::report(&format!(
        "{}: {}, {} bytes, {} bytes as f32, {what}\n",
        path.display(),
        text::one_line(&model.graph.name),
        text::grouped(bytes.len() as u64),
        text::grouped(model.float_bytes() as u64),
    ));
    Ok(())
}

fn read_packed(arguments: &Arguments) -> Result<Packed> {
    let path = &arguments.source;
    if files::is_packed(path) {
        if !arguments.onnx {
            return Err(Error::input(format!("{} is packed already: --onnx converts it", path.display())));
        }
        return Ok(Packed { model: files::read_model(path)?.model, notes: Vec::new() });
    }
    let (graph, state, options) = source(arguments)?;
    let network = Network::from_state(&graph, &state, options, &Device::flex())
        .map_err(|error| Error::input(format!("{}: {error}", path.display())))?;
    packed(arguments, &network)
}

fn source(arguments: &Arguments) -> Result<(Graph, StateDict, TrainingOptions)> {
    let path = &arguments.source;
    match (&arguments.arch, path.is_dir()) {
        (None, true) if arguments.shift != ShiftOptions::default() => Err(Error::input(format!(
            "{} is a training folder, which knows its own shift options: leave them out",
            path.display()
        ))),
        (None, true) => read_folder(path),
        (Some(arch), false) => {
            let (graph, options) = graph(arch, &arguments.shift)?;
            Ok((graph, read_state_dict(path)?, options))
        }
        (Some(_), true) => Err(Error::input(format!(
            "{} is a training folder, which knows its own architecture: leave out --arch",
            path.display()
        ))),
        (None, false) if !path.exists() => Err(Error::input(format!("there is no {}", path.display()))),
        (None, false) => Err(Error::input(format!(
            "{} does not say what network it belongs to: give --arch, and --shift-type, --shift-depth, --weight-bits \
             and --activation-bits as it was trained with",
            path.display()
        ))),
    }
}

fn read_folder(folder: &Path) -> Result<(Graph, StateDict, TrainingOptions)> {
    let path = folder.join(CHECKPOINT);
    if !path.is_file() {
        return Err(Error::input(format!(
            "there is no {CHECKPOINT} in {}: give the folder of a training, or a state dict and its --arch",
            folder.display()
        )));
    }
    if !folder.join(MODEL).is_file() {
        output::note(&format!(
            "note: the training in {} is not finished; its best epoch so far is exported",
            folder.display()
        ));
    }
    let bytes = files::read(&path)?;
    let named = |error: deepshift_train::Error| Error::input(format!("{}: {error}", path.display()));
    let settings = checkpoint_settings(&bytes).map_err(named)?;
    let best = folder.join(BEST);
    let state =
        if best.is_file() { read_state_dict(&best)? } else { checkpoint_weights(&bytes).map_err(named)? };
    Ok((settings.graph()?, state, settings.training_options()))
}

fn graph(arch: &str, shift: &ShiftOptions) -> Result<(Graph, TrainingOptions)> {
    let graph = by_name(arch).ok_or_else(|| Error::input(format!("there is no architecture {arch}")))?;
    // The original's rule: only in its fully connected MNIST network do linear layers count towards the depth.
    match shift.settings(arch != "simple_linear", None) {
        Some(settings) => Ok((to_shift(&graph, &settings.conversion()?)?, settings.training_options())),
        None => Ok((graph, TrainingOptions::default())),
    }
}

fn packed(arguments: &Arguments, network: &Network) -> Result<Packed> {
    let default_origin = if arguments.source.is_dir() { ORIGIN } else { "unknown" };
    let provenance = Provenance {
        license: arguments.license.clone(),
        origin: arguments.origin.clone().unwrap_or_else(|| default_origin.into()),
        notes: Default::default(),
    };
    match calibration(arguments, network)? {
        Some(set) => {
            Ok(pack(network, &*set.source, CALIBRATION_PICTURES, &provenance, arguments.multiplier_free)?)
        }
        None if arguments.multiplier_free => Err(Error::input(format!(
            "--multiplier-free needs integer mode: {}",
            float_only(network).trim_start_matches(NOTE)
        ))),
        None => {
            let mut packed =
                pack_float(network, usual_preprocessing(network.graph()), Vec::new(), &provenance)?;
            packed.notes.push(float_only(network));
            Ok(packed)
        }
    }
}

const NOTE: &str = "note: the file has float mode only: ";

fn float_only(network: &Network) -> String {
    format!("{NOTE}give pictures for {} with --data to calibrate integer mode", network.graph().name)
}

fn calibration(arguments: &Arguments, network: &Network) -> Result<Option<TestSet>> {
    let preprocessing = usual_preprocessing(network.graph());
    let wanted =
        Wanted { shape: network.graph().input_shape(), preprocessing: preprocessing.as_ref(), classes: None };
    let folder = arguments.data.as_deref();
    match TestSet::load(folder.unwrap_or(Path::new("data")), Part::Train, &wanted) {
        Err(_) if folder.is_none() => Ok(None),
        loaded => loaded.map(Some),
    }
}
