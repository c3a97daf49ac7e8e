//! `deepshift train`: options, and what they ask for.

mod begin;
mod cifar10;
mod device;
mod folder;
mod imagenet;
mod learning;
mod lock;
mod mnist;
mod options;
mod original;
mod resume;
mod run;
pub mod stored;
mod summary;

pub use folder::{BEST, CHECKPOINT, MODEL};
pub use options::ShiftOptions;
pub use summary::ORIGIN;

use crate::Result;
use clap::Subcommand;

/// Train a network with shift layers, or continue or evaluate such a training
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    dataset: DatasetCommand,
}

#[derive(Subcommand)]
enum DatasetCommand {
    Mnist(Box<mnist::Arguments>),
    Cifar10(Box<cifar10::Arguments>),
    Imagenet(Box<imagenet::Arguments>),
}

pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.dataset {
        DatasetCommand::Mnist(arguments) => mnist::run(arguments),
        DatasetCommand::Cifar10(arguments) => cifar10::run(arguments),
        DatasetCommand::Imagenet(arguments) => imagenet::run(arguments),
    }
}

/// The original's two-letter options behind a single hyphen, which clap would take apart, spelt out.
pub fn spell_out(argument: std::ffi::OsString) -> std::ffi::OsString {
    let long = match argument.to_str() {
        Some("-st") => "--shift-type",
        Some("-wb") => "--weight-bits",
        Some("-ab") => "--activation-bits",
        Some("-opt") => "--optimizer",
        Some("-bm") => "--batch-multiplier",
        Some("-alt") => "--alternate-update",
        _ => return argument,
    };
    long.into()
}
