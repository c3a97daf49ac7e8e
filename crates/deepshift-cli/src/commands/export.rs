//! `deepshift export`: a trained network as a packed file, or as ONNX.

use super::train::{BEST, CHECKPOINT, MODEL, ORIGIN, ShiftOptions, stored};
use crate::dataset::{TestSet, Wanted, usual_preprocessing};
use crate::labels::LimitOptions;
use crate::weights::{self, WeightsKey};
use crate::{Error, Result, files, output, text};
use burn::tensor::Device;
use clap::Args;
use deepshift_burn::{Network, StateDict, TrainingOptions};
use deepshift_core::Provenance;
use deepshift_core::graph::Graph;
use deepshift_models::{by_name, to_shift};
use deepshift_train::data::{Labelling, Part};
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
    key: WeightsKey,
    #[command(flatten)]
    shift: ShiftOptions,
    #[command(flatten)]
    limits: LimitOptions,
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
    let (graph, state, options) = match path.is_dir() {
        true => folder(arguments)?,
        false => {
            let bytes = files::read(path)?;
            if files::is_packed(&bytes) {
                return repacked(arguments, &bytes);
            }
            state_dict(arguments, &bytes)?
        }
    };
    let network = Network::from_state(&graph, &state, options, &Device::flex())
        .map_err(|error| Error::input(format!("{}: {error}", path.display())))?;
    packed(arguments, &network)
}

fn repacked(arguments: &Arguments, bytes: &[u8]) -> Result<Packed> {
    let path = &arguments.source;
    if !arguments.onnx {
        return Err(Error::input(format!("{} is packed already: --onnx converts it", path.display())));
    }
    Ok(Packed { model: files::parse_model(path, bytes)?, notes: Vec::new() })
}

fn folder(arguments: &Arguments) -> Result<(Graph, StateDict, TrainingOptions)> {
    let path = &arguments.source;
    let knows = |what: &str| {
        Err(Error::input(format!("{} is a training folder, which knows its own {what}", path.display())))
    };
    match &arguments.arch {
        Some(_) => knows("architecture: leave out --arch"),
        None if arguments.shift != ShiftOptions::default() => knows("shift options: leave them out"),
        None => read_folder(path),
    }
}

fn state_dict(arguments: &Arguments, bytes: &[u8]) -> Result<(Graph, StateDict, TrainingOptions)> {
    let path = &arguments.source;
    let Some(arch) = &arguments.arch else {
        deepshift_weights::WeightFile::parse(bytes)
            .map_err(|error| Error::input(format!("{}: {error}", path.display())))?;
        let fitting = weights::architectures_of(bytes);
        let fitting =
            fitting.map_or(String::new(), |archs| format!(" (its names and shapes are those of {archs})"));
        return Err(Error::input(format!(
            "{} does not say what network it belongs to: give --arch, and --shift-type, --shift-depth, --weight-bits \
             and --activation-bits as it was trained with{fitting}",
            path.display()
        )));
    };
    let float = by_name(arch).ok_or_else(|| Error::input(format!("there is no architecture {arch}")))?;
    let state = weights::read(path, bytes, &float, &arguments.key)?;
    let shift = stored::completed(&arguments.shift, &state, &float, path)?;
    let (graph, options) = match shift.settings(stored::convert_all_linear(&float), None) {
        Some(settings) => (to_shift(&float, &settings.conversion()?)?, settings.training_options()),
        None => (float, TrainingOptions::default()),
    };
    let range = weights::out_of_range(&graph, &state);
    weights::range_notes(&range, CLIPPED).iter().for_each(|note| output::note(note));
    Ok((graph, state, options))
}

const CLIPPED: &str = "deepshift convert --channel-exponents gives float weights of any size a code";

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
    let graph = settings.graph()?;
    let state = match best.is_file() {
        true => weights::read(&best, &files::read(&best)?, &graph, &WeightsKey::default())?,
        false => checkpoint_weights(&bytes).map_err(named)?,
    };
    Ok((graph, state, settings.training_options()))
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
    let wanted = Wanted {
        shape: network.graph().input_shape(),
        preprocessing: preprocessing.as_ref(),
        labelling: Labelling::Folders,
        limits: arguments.limits,
    };
    let folder = arguments.data.as_deref();
    match TestSet::load(folder.unwrap_or(Path::new("data")), Part::Train, &wanted) {
        Err(_) if folder.is_none() => Ok(None),
        loaded => loaded.map(Some),
    }
}
