//! `deepshift`: reads the options, runs one command, turns an error into one line and an exit code.
#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod accuracy;
mod commands;
mod dataset;
mod engine;
mod error;
mod files;
mod interrupt;
mod output;
mod pictures;
mod progress;
mod text;

use clap::{Parser, Subcommand};
use error::{Error, Result};
use std::process::ExitCode;

/// Training frees and takes the same large blocks in every step; the system's allocator gives them back to the kernel
/// each time, which costs a third of the time (`docs/results.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Train, evaluate, run and inspect neural networks whose weights are powers of two.
#[derive(Parser)]
#[command(name = "deepshift", version)]
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
    let command = Cli::parse_from(std::env::args_os().map(commands::train::spell_out)).command;
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_options_hold_together() {
        Cli::command().debug_assert();
    }
}
