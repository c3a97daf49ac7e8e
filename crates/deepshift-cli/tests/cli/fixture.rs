//! A folder with a network, a tiny data set and the built program.

use deepshift_core::reference::float_nodes;
use deepshift_core::{
    FloatTensor, Model, Preprocessing, Provenance, ShiftFormat, ShiftType, ShiftWeight, Tensor,
};
use deepshift_models::integer::{ActivationStatistics, build_integer};
use deepshift_models::{Conversion, formula_input, formula_weights, simple_conv, to_shift};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub const PICTURES: usize = 12;
const PIXELS: usize = 28 * 28;

/// What a run of the program gave.
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

pub struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    /// `model.dshift` with an integer network, `float.dshift` without, and MNIST's test part in `data`.
    pub fn new() -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(fixture.path("model.dshift"), model().to_bytes().unwrap()).unwrap();
        let float = Model { integer: None, ..model().clone() };
        std::fs::write(fixture.path("float.dshift"), float.to_bytes().unwrap()).unwrap();
        std::fs::create_dir(fixture.path("data")).unwrap();
        let [images, labels] = idx_files();
        std::fs::write(fixture.path("data/t10k-images-idx3-ubyte"), images).unwrap();
        std::fs::write(fixture.path("data/t10k-labels-idx1-ubyte"), labels).unwrap();
        fixture
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program in the folder with these words.
    pub fn run(&self, arguments: &str) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deepshift"));
        command
            .current_dir(self.folder.path())
            .env_remove("DEEPSHIFT_DATA")
            .args(arguments.split_whitespace());
        outcome(command.output().unwrap())
    }

    /// The standard output of a run that must succeed.
    pub fn succeed(&self, arguments: &str) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, Some(0), "{arguments}: {}", outcome.stderr);
        for text in [&outcome.stdout, &outcome.stderr] {
            let control = text.chars().find(|&c| c.is_control() && c != '\n');
            assert_eq!(control, None, "{arguments}: {text:?}");
        }
        outcome.stdout
    }

    /// The one line of a run that must fail as bad input does.
    pub fn fail(&self, arguments: &str) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments}: {} {}", outcome.stdout, outcome.stderr);
        assert_eq!(outcome.stdout, "", "{arguments}");
        assert_eq!(outcome.stderr.matches('\n').count(), 1, "{arguments}: {}", outcome.stderr);
        let line = outcome.stderr.strip_prefix("error: ");
        line.unwrap_or_else(|| panic!("{arguments}: {}", outcome.stderr)).trim_end().to_owned()
    }

    /// Names in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn outcome(output: Output) -> Outcome {
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The bytes of the data set's pictures: any will do.
pub fn pixels() -> Vec<u8> {
    (0..PICTURES * PIXELS).map(|i| ((i * 7919) ^ (i >> 5)) as u8).collect()
}

pub fn label(picture: usize) -> u8 {
    (picture % 10) as u8
}

fn idx_files() -> [Vec<u8>; 2] {
    let count = PICTURES as u8;
    let images = [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28][..], &pixels()].concat();
    let labels: Vec<u8> = (0..PICTURES).map(label).collect();
    [images, [&[0, 0, 8, 1, 0, 0, 0, count][..], &labels].concat()]
}

/// The convolutional MNIST network with weights that a formula gives, built once.
pub fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| {
        let mut model = shift_model();
        let input = formula_input(&model.graph, 3, 1);
        let statistics: Vec<ActivationStatistics> =
            float_nodes(&model, &input).unwrap().iter().map(|values| observed(values)).collect();
        build_integer(&mut model, &statistics, false).unwrap();
        model
    })
}

fn observed(values: &[f32]) -> ActivationStatistics {
    let mut statistics = ActivationStatistics::default();
    statistics.observe(values);
    statistics
}

fn shift_model() -> Model {
    let format = ShiftFormat::new(ShiftType::PS, 5).unwrap();
    let options =
        Conversion { shift_depth: 1000, format, activation_bits: [16, 16], convert_all_linear: true };
    let graph = to_shift(&simple_conv(), &options).unwrap();
    let mut tensors = formula_weights(&graph, 3);
    for node in graph.nodes.iter().filter(|node| node.shift_scheme().is_some()) {
        let tensor = tensors.get_mut(&format!("{}.weight", node.name)).unwrap();
        let Tensor::Float(FloatTensor { shape, values }) = tensor.clone() else { panic!() };
        *tensor = Tensor::Shift(ShiftWeight::from_values(shape, format, &values).unwrap().0);
    }
    Model {
        graph,
        tensors,
        integer: None,
        preprocessing: Some(Preprocessing::new(vec![0.1307], vec![0.3081])),
        classes: (0..10).map(|digit| digit.to_string()).collect(),
        provenance: Provenance { license: "MIT".into(), origin: "a formula".into(), ..Default::default() },
    }
}
