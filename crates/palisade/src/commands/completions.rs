//! `palisade completions`: completions for a shell, from the same definitions as the commands.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::arguments::{Cli, Global};
use crate::output;

pub(super) const ABOUT: &str = "Print completions for a shell";

/// What can be typed after `completions`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "palisade", &mut text);
    output::data(&String::from_utf8(text)?, 0, global.color)
}
