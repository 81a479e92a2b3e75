//! The binary: what was typed becomes a command, its result an exit code.

mod arguments;
mod assess;
mod commands;
mod entries;
mod exceptions;
mod failure;
mod guardrails;
mod handbook;
mod inline;
mod output;
mod patching;
mod policies;
mod selection;
mod session;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::Cli;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    let outcome = std::panic::catch_unwind(|| cli.command.run(&cli.global));
    match outcome {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(error)) => failure::report(&error, &cli.global),
        Err(_) => ExitCode::from(failure::UNFINISHED),
    }
}
