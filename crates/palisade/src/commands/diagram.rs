//! `palisade diagram`: the Cloud Security Architecture Diagram of one view.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use palisade_analysis::Analysis;
use palisade_diagram::{Format, render, scene};
use palisade_model::View;
use palisade_patterns::{Context, evaluate};

use crate::arguments::{Global, SourceArguments};
use crate::output;
use crate::session::Session;

pub(super) const ABOUT: &str = "Draw the system with the twelve patterns on it";

const EXAMPLES: &str = "Examples:
  palisade diagram --output shop.svg                    zones, flows and what protects them
  palisade diagram --view zero-trust                    paths from the internet to data
  palisade diagram --view iam --format mermaid          identities and grants, for a page";

/// What can be typed after `diagram`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sources: SourceArguments,
    /// What to show
    #[arg(long, value_enum, default_value_t)]
    view: ViewName,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: FormatName,
    /// Write the result to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ViewName {
    /// Paths from the internet to data
    ZeroTrust,
    /// Services, flows and what protects them
    #[default]
    Microservices,
    /// Identities, grants and administrators
    Iam,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum FormatName {
    /// A picture, light and dark
    #[default]
    Svg,
    /// Mermaid flowchart
    Mermaid,
    /// D2
    D2,
    /// The scene with coordinates
    Json,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let session = Session::open(&arguments.sources, global)?;
    let model = &session.reading.model;
    let analysis = Analysis::of(model);
    let context = Context {
        model,
        analysis: &analysis,
        today: global.today(),
        allowed_registries: &session.settings.registries,
        exceptions: &[],
        guardrails: &[],
        judging: None,
        identified: &session.identified(),
    };
    let evaluation = evaluate(&context, &|_| true);
    let view = match arguments.view {
        ViewName::ZeroTrust => View::ZeroTrust,
        ViewName::Microservices => View::Microservices,
        ViewName::Iam => View::Iam,
    };
    let format = match arguments.format {
        FormatName::Svg => Format::Svg,
        FormatName::Mermaid => Format::Mermaid,
        FormatName::D2 => Format::D2,
        FormatName::Json => Format::Json,
    };
    let text = render(&scene(&analysis, &evaluation, view), format);
    match &arguments.output {
        Some(path) => output::file(&text, path, session.code()),
        None => output::data(&text, session.code(), global.color),
    }
}
