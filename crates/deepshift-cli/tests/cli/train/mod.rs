//! `deepshift train` and `deepshift export` on a data set that is learnt in no time.

mod export;
mod folder;
mod interrupt;
mod kill;
mod options;
mod pictures;
mod refusals;
mod resume;
mod unheard;

use crate::fixture::Fixture;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PIXELS: usize = 28 * 28;
/// Two epochs of four steps.
const SHORT: &str = "train mnist --epochs 2 --batch-size 16";

/// A fixture that also has this many training pictures: noise with a bright bar whose row tells the class.
fn fixture(pictures: usize) -> Fixture {
    let fixture = Fixture::new();
    let mut pixels: Vec<u8> = (0..pictures * PIXELS).map(|i| ((i * 7919) >> 7) as u8 / 4).collect();
    let labels: Vec<u8> = (0..pictures).map(|index| (index * 7 % 10) as u8).collect();
    for (picture, &label) in pixels.chunks_mut(PIXELS).zip(&labels) {
        let start = usize::from(label) * 56 + 28;
        picture[start..start + 28].fill(250);
    }
    let count = (pictures as u32).to_be_bytes();
    let images = [&[0, 0, 8, 3], &count[..], &[0, 0, 0, 28, 0, 0, 0, 28], &pixels].concat();
    std::fs::write(fixture.path("data/train-images-idx3-ubyte"), images).unwrap();
    let labels = [&[0, 0, 8, 1], &count[..], &labels].concat();
    std::fs::write(fixture.path("data/train-labels-idx1-ubyte"), labels).unwrap();
    fixture
}

/// Starts the program in the fixture's folder, with as many threads as every other run.
fn spawn(fixture: &Fixture, arguments: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_deepshift"))
        .current_dir(fixture.path(""))
        .env_remove("DEEPSHIFT_DATA")
        .args(arguments.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// What two runs must have in common, byte for byte.
#[derive(PartialEq)]
struct Results {
    unrounded: Vec<u8>,
    rounded: Vec<u8>,
    model: Vec<u8>,
    log: String,
    names: Vec<String>,
}

impl Results {
    fn of(folder: &Path) -> Self {
        let read = |name| std::fs::read(folder.join(name)).unwrap();
        Self {
            unrounded: read("weights_unrounded.safetensors"),
            rounded: read("weights.safetensors"),
            model: read("model.dshift"),
            log: log_without_times(&String::from_utf8(read("train_log.csv")).unwrap()),
            names: crate::fixture::names(folder),
        }
    }

    fn assert_equals(&self, other: &Self) {
        assert_eq!(self.log, other.log);
        assert_eq!(self.names, other.names);
        assert!(self.unrounded == other.unrounded, "unrounded weights differ");
        assert!(self.rounded == other.rounded, "rounded weights differ");
        assert!(self.model == other.model, "models differ");
    }
}

fn log_without_times(log: &str) -> String {
    let times = ["train_time", "test_time"];
    let keep: Vec<bool> = log.lines().next().unwrap().split(',').map(|name| !times.contains(&name)).collect();
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), keep.len(), "{line}");
        cells
            .into_iter()
            .zip(&keep)
            .filter(|(_, keep)| **keep)
            .map(|(cell, _)| cell)
            .collect::<Vec<_>>()
            .join(",")
    };
    log.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Numbers that are the same in every run of the test.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
