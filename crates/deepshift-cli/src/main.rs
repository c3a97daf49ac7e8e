//! `deepshift`: reads the options, runs one command, turns an error into one line and an exit code.
#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod accuracy;
mod commands;
mod dataset;
mod engine;
mod error;
mod files;
mod inputs;
mod interrupt;
mod labels;
mod output;
mod pictures;
mod progress;
mod text;
mod weights;

use clap::builder::Resettable;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use error::{Error, Result};
use std::process::ExitCode;

/// Training frees and takes the same large blocks in every step; the system's allocator gives them back to the kernel
/// each time, which costs a third of the time (`docs/results.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Train, evaluate, run and inspect neural networks whose weights are powers of two.
#[derive(Parser)]
// Scripts that add options to a base command expect the last one to count.
#[command(name = "deepshift", version, args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Train(commands::train::Arguments),
    Eval(commands::eval::Arguments),
    Convert(commands::convert::Arguments),
    Export(commands::export::Arguments),
    Run(commands::run::Arguments),
    Inspect(commands::inspect::Arguments),
    Bench(commands::bench::Arguments),
}

impl Command {
    fn run(self) -> Result<()> {
        match self {
            Self::Train(arguments) => commands::train::run(&arguments),
            Self::Eval(arguments) => commands::eval::run(&arguments),
            Self::Convert(arguments) => commands::convert::run(&arguments),
            Self::Export(arguments) => commands::export::run(&arguments),
            Self::Run(arguments) => commands::run::run(&arguments),
            Self::Inspect(arguments) => commands::inspect::run(&arguments),
            Self::Bench(arguments) => commands::bench::run(&arguments),
        }
    }
}

fn main() -> ExitCode {
    let words = std::env::args_os().map(commands::train::spell_out);
    let matches = without_empty_variables(Cli::command()).get_matches_from(words);
    let Cli { command } = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match interrupt::install().and_then(|()| command.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, Error::OutputClosed) {
                output::note(&format!("error: {}", text::one_line(&error.to_string())));
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// An environment variable that is empty says nothing, as elsewhere.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|arg| if arg.get_env().is_some_and(is_empty) { arg.env(Resettable::Reset) } else { arg })
        .mut_subcommands(without_empty_variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_hold_together() {
        Cli::command().debug_assert();
    }
}
