//! `palisade model`: the whole model with the origin of every fact.

use clap::{Args, ValueEnum};

use crate::arguments::{Global, SourceArguments};
use crate::output;
use crate::session::Session;

pub(super) const ABOUT: &str = "Print the system as a model, every fact with its origin";

/// What can be typed after `model`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sources: SourceArguments,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: ModelFormat,
}

/// Form of a model.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ModelFormat {
    /// Described by docs/schemas/model.json
    #[default]
    Json,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let session = Session::open(&arguments.sources, global)?;
    let ModelFormat::Json = arguments.format;
    let mut text = serde_json::to_string_pretty(&session.reading.model)?;
    text.push('\n');
    output::data(&text, session.code(), global.color)
}
