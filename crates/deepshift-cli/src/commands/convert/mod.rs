//! `deepshift convert`: a shift network from a trained float network, without training.

mod evaluate;
mod pictures;
mod source;
mod table;

use crate::accuracy::Accuracy;
use crate::labels::{LabelOptions, LimitOptions};
use crate::progress::Progress;
use crate::weights::{self, WeightsKey};
use crate::{Error, Result, files, interrupt, output, text};
use clap::{ArgAction, Args, ValueEnum};
use deepshift_convert::{Converted, LayerReport, Options};
use deepshift_core::{Input, MAX_INTEGER_BITS, Mode, Model, ShiftFormat, ShiftType};
use deepshift_models::Conversion;
use deepshift_models::integer::build_integer;
use deepshift_train::Distillation;
use deepshift_train::data::Dataset;
use evaluate::evaluate;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Make a shift network from a trained float network, without training it
///
/// Without further options every weight is rounded as the paper rounds it. --channel-exponents, --terms 2, --calibrate and
/// --reconstruct each lose less; together they lose least.
#[derive(Args)]
pub struct Arguments {
    /// A float network: a .dshift file, or a state dict (.pth or .safetensors) and its --arch
    source: PathBuf,
    /// The file to write
    #[arg(short, long, default_value = "model.dshift")]
    output: PathBuf,
    /// Architecture of a state dict
    #[arg(short = 'a', long, value_parser = clap::builder::PossibleValuesParser::new(deepshift_models::NAMES))]
    arch: Option<String>,
    #[command(flatten)]
    key: WeightsKey,
    #[command(flatten)]
    weights: WeightOptions,
    #[command(flatten)]
    calibration: CalibrationOptions,
    #[command(flatten)]
    evaluation: EvaluationOptions,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    facts: FactOptions,
}

/// What weights become.
#[derive(Args)]
struct WeightOptions {
    /// Q (no zero) or PS (with zero) [-st]
    #[arg(long, value_enum, ignore_case = true, default_value = "PS")]
    shift_type: CodeTypeName,
    /// Bits of a term, 2 to 8; integer mode takes up to 5 [-wb]
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=8))]
    weight_bits: u8,
    /// Powers of two that add up to a weight
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    terms: u8,
    /// Give each output channel a power of two of its own
    #[arg(long)]
    channel_exponents: bool,
    /// Layers that become shift layers, counted from the end
    #[arg(short = 's', long, default_value_t = 1000)]
    shift_depth: usize,
    /// Integer and fraction bits of activations in float mode [-ab]
    #[arg(long, action = ArgAction::Set, num_args = 2, value_names = ["I", "F"], default_values_t = [16, 16])]
    activation_bits: Vec<u32>,
}

/// The types of codes; what training knows besides is packed as one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CodeTypeName {
    #[value(name = "Q")]
    Q,
    #[value(name = "PS")]
    PS,
}

impl CodeTypeName {
    fn shift_type(self) -> ShiftType {
        match self {
            Self::Q => ShiftType::Q,
            Self::PS => ShiftType::PS,
        }
    }
}

/// What pictures are used for.
#[derive(Args)]
struct CalibrationOptions {
    /// Folder of pictures, labelled or not: sets BatchNorm statistics and biases right, and finds the 8-bit formats of integer mode
    #[arg(long, value_name = "DIR")]
    calibrate: Option<PathBuf>,
    /// Pictures to calibrate with, spread evenly over the folder
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..), requires = "calibrate")]
    calibration_pictures: u32,
    /// Choose the weights of each channel together, so that the layer gives what it gave
    #[arg(long, requires = "calibrate")]
    reconstruct: bool,
    /// Train for N epochs over the calibration pictures towards what the float network answers
    #[arg(long, value_name = "N", requires = "calibrate")]
    distill: Option<NonZeroU32>,
    /// Let the epilogues of integer mode shift and add instead of multiplying
    #[arg(long, requires = "calibrate")]
    multiplier_free: bool,
}

/// How good the network is before and after.
#[derive(Args)]
struct EvaluationOptions {
    /// Folder of labelled pictures, one sub-folder for each class: says how good the network is before and after
    #[arg(long, value_name = "DIR")]
    evaluate: Option<PathBuf>,
    #[command(flatten)]
    labels: LabelOptions,
}

/// What is written into the file beside the network.
#[derive(Args)]
struct FactOptions {
    /// Names of the classes for people, one a line in the order of the logits
    #[arg(long, value_name = "FILE")]
    class_names: Option<PathBuf>,
    /// Licence of the weights [default: the source's, or unknown]
    #[arg(long)]
    license: Option<String>,
    /// Where the weights come from [default: the source's, or unknown]
    #[arg(long)]
    origin: Option<String>,
    /// A further fact; may be given several times
    #[arg(long, value_name = "NAME=TEXT", value_parser = note)]
    note: Vec<(String, String)>,
}

fn note(text: &str) -> std::result::Result<(String, String), String> {
    let (name, text) = text.split_once('=').ok_or("give NAME=TEXT")?;
    Ok((name.into(), text.into()))
}

pub fn run(arguments: &Arguments) -> Result<()> {
    files::check_output(&arguments.output, "dshift")?;
    let options = arguments.weights.options(&arguments.calibration)?;
    interrupt::take_over();
    let model = source::read(arguments)?;
    let labelled = labelled(&arguments.evaluation, &model, arguments.limits)?;
    let calibration = calibration(&arguments.calibration, &model, arguments.limits)?;
    let mirrored = calibration.as_ref().map(pictures::with_mirror_images);
    let mirrored = mirrored.as_deref().map(Input::Pictures);
    let mut converted = convert(&model, mirrored, &options)?;
    if let (Some(epochs), Some(pictures), Some(mirrored)) =
        (arguments.calibration.distill, &calibration, mirrored)
    {
        distill(&model, &mut converted, pictures, epochs)?;
        converted.statistics =
            deepshift_convert::observe(&converted.model, mirrored).map_err(Error::input)?;
    }
    let accuracies = match &labelled {
        Some(labelled) => accuracies(&model, &converted, labelled)?,
        None => Vec::new(),
    };
    let problem = integer_network(&mut converted, arguments.calibration.multiplier_free)?;
    let bytes = converted.model.to_bytes()?;
    files::write(&arguments.output, &bytes)?;
    let range = |layer: &LayerReport| layer.out_of_range.map(|range| (layer.name.clone(), range));
    let range: Vec<_> = converted.layers.iter().filter_map(range).collect();
    weights::range_notes(&range, CLIPPED).iter().for_each(|note| output::note(note));
    output::report(&table::layers(&converted.layers));
    output::report(&table::accuracies(&accuracies));
    output::report(&format!(
        "{}: {}, {} bytes, {} bytes as f32, {}\n",
        text::one_line(&arguments.output.display().to_string()),
        text::one_line(&converted.model.graph.name),
        text::grouped(bytes.len() as u64),
        text::grouped(model.float_bytes() as u64),
        match &problem {
            None => "float and integer mode".into(),
            Some(why) => format!("float mode only: {why}"),
        },
    ));
    Ok(())
}

const CLIPPED: &str = "--channel-exponents gives weights of any size a code";

impl WeightOptions {
    fn options(&self, calibration: &CalibrationOptions) -> Result<Options> {
        if calibration.multiplier_free && self.weight_bits > MAX_INTEGER_BITS {
            return Err(Error::input(format!(
                "--multiplier-free needs integer mode, which takes at most {MAX_INTEGER_BITS} bits: lower --weight-bits"
            )));
        }
        Ok(Options {
            conversion: Conversion {
                shift_depth: self.shift_depth,
                format: ShiftFormat::new(self.shift_type.shift_type(), self.weight_bits)?,
                activation_bits: [self.activation_bits[0], self.activation_bits[1]],
                convert_all_linear: true,
            },
            two_terms: self.terms == 2,
            channel_exponents: self.channel_exponents,
            reconstruct: calibration.reconstruct,
        })
    }
}

fn labelled(options: &EvaluationOptions, model: &Model, limits: LimitOptions) -> Result<Option<Dataset>> {
    match &options.evaluate {
        Some(folder) => pictures::read_labelled(folder, &options.labels, model, limits).map(Some),
        None if options.labels != LabelOptions::default() => {
            Err(Error::input("--classes and --labels belong to --evaluate: give it, or leave them out"))
        }
        None => Ok(None),
    }
}

fn calibration(options: &CalibrationOptions, model: &Model, limits: LimitOptions) -> Result<Option<Dataset>> {
    let read =
        |folder: &PathBuf| pictures::read_unlabelled(folder, model, options.calibration_pictures, limits);
    options.calibrate.as_ref().map(read).transpose()
}

fn convert(model: &Model, calibration: Option<Input>, options: &Options) -> Result<Converted> {
    let (mut progress, mut done) = (None, 0);
    let converted = deepshift_convert::convert(model, calibration, options, &mut |step| {
        let progress = progress.get_or_insert_with(|| Progress::new("convert", step.layers as u64));
        progress.advance((step.done - done) as u64, step.layer);
        done = step.done;
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match converted {
        Err(deepshift_convert::Error::Stopped) => Err(Error::Interrupted),
        converted => converted.map_err(Error::input),
    }
}

/// Trains the converted network, whose activations are then others.
fn distill(float: &Model, converted: &mut Converted, pictures: &Dataset, epochs: NonZeroU32) -> Result<()> {
    let mut distillation = Distillation::new(float, &converted.model, pictures, epochs)?;
    let steps = distillation.steps();
    let mut progress = Progress::new("distill", steps as u64);
    for _ in 0..steps {
        let error = distillation.step()?;
        progress.advance(1, &format!("error of the logits {:.2} %", 100.0 * error));
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
    }
    converted.model = distillation.finish()?;
    Ok(())
}

/// Of the float network, and of the converted one in every mode that it can have.
fn accuracies(
    model: &Model,
    converted: &Converted,
    labelled: &Dataset,
) -> Result<Vec<(&'static str, Accuracy)>> {
    let mut measured = vec![
        ("float weights", evaluate(model, Mode::Float, labelled)?),
        ("converted, float mode", evaluate(&converted.model, Mode::Float, labelled)?),
    ];
    let modes = [("converted, integer mode", false), ("converted, multiplier-free", true)];
    for (name, multiplier_free) in modes {
        let mut model = converted.model.clone();
        if build_integer(&mut model, &converted.statistics, multiplier_free).is_ok() {
            measured.push((name, evaluate(&model, Mode::Integer, labelled)?));
        }
    }
    Ok(measured)
}

/// Gives the converted network its integer network, or says why it has none.
fn integer_network(converted: &mut Converted, multiplier_free: bool) -> Result<Option<String>> {
    if converted.statistics.is_empty() {
        return Ok(Some("give pictures with --calibrate for integer mode".into()));
    }
    match build_integer(&mut converted.model, &converted.statistics, multiplier_free) {
        Ok(report) => {
            if let Some(first) = report.raised.first() {
                output::note(&format!(
                    "note: {} channels had their exponent raised, the first in layer {}, so that no sum can overflow",
                    report.raised.len(),
                    text::one_line(&first.layer)
                ));
            }
            Ok(None)
        }
        Err(error) if multiplier_free => {
            Err(Error::input(format!("--multiplier-free needs integer mode: {error}")))
        }
        Err(error) => Ok(Some(error.to_string())),
    }
}
