//! `palisade policy`: a team's own policies, unmodified, outside a check.

mod check;
mod conformance;
mod eval;
mod query;
mod test;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use palisade_policy::{Language, Settings, languages};

use crate::arguments::Global;

pub(super) const ABOUT: &str =
    "Test, evaluate and check a team's own policies, in their own languages";

const EXAMPLES: &str = "Examples:
  palisade policy check policy/                  load every policy, say what is wrong
  palisade policy test policy/                   run tests in their ecosystem's own layout
  palisade policy eval policy/ --input pod.yaml  judge one document
  palisade policy conformance --suite cel --cases cel-spec/";

/// What can be typed after `policy`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
enum Action {
    /// Load policies and say what is wrong with them
    Check(check::Arguments),
    /// Run policy tests in their ecosystem's own format
    Test(test::Arguments),
    /// Judge one document, or ask a query
    Eval(eval::Arguments),
    /// Score an engine on an upstream suite
    Conformance(conformance::Arguments),
}

/// Where policies are, and in which language.
#[derive(Debug, Args)]
struct PolicyArguments {
    /// Folders with policies
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<PathBuf>,
    /// Only policies of this language
    #[arg(long, value_parser = language())]
    language: Option<&'static Language>,
    /// Dialect of texts that do not say it themselves (Rego: v0 or v1)
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
}

impl PolicyArguments {
    fn settings(&self) -> Settings {
        Settings {
            dialect: self.dialect.clone(),
            ..Settings::default()
        }
    }
}

fn language() -> impl TypedValueParser<Value = &'static Language> {
    let names: Vec<&'static str> = languages::ALL.iter().map(|known| known.name).collect();
    PossibleValuesParser::new(names).try_map(|name| {
        languages::find(&name).ok_or_else(|| format!("no policy language is called `{name}`"))
    })
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    match &arguments.action {
        Action::Check(arguments) => check::run(arguments, global),
        Action::Test(arguments) => test::run(arguments, global),
        Action::Eval(arguments) => eval::run(arguments, global),
        Action::Conformance(arguments) => conformance::run(arguments, global),
    }
}
