//! `palisade man`: the manual page, from the same definitions as the commands.

use clap::{Args, CommandFactory as _};
use clap_mangen::Man;

use crate::arguments::{Cli, Global};
use crate::output;

pub(super) const ABOUT: &str = "Print the manual page";

/// What can be typed after `man`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The page of one command, instead of the whole
    command: Option<String>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let mut whole = Cli::command();
    whole.build();
    let page = match &arguments.command {
        None => whole,
        Some(name) => whole.find_subcommand(name).cloned().ok_or_else(|| {
            crate::failure::UsageError::new(format!("no command is called `{name}`"))
        })?,
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text)?;
    output::data(&String::from_utf8(text)?, 0, global.color)
}
