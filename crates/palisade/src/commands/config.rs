//! `palisade config`: the settings that hold here, and where each of them comes from.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory as _};
use palisade_model::Severity;

use crate::arguments::{Cli, Global, ReadingArguments};
use crate::commands::check::Judging;
use crate::failure::UsageError;
use crate::output;
use crate::settings::Settings;

pub(super) const ABOUT: &str = "Show the settings that hold, and where each comes from";

const EXAMPLES: &str = "Examples:
  palisade config                                  the settings of the current directory
  palisade config --show-origin                    with the place that each comes from
  palisade config k8s/ --show-origin --fail-on low as `check` would see it";

/// What can be typed after `config`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Where the system is
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    path: PathBuf,
    /// Say where each setting comes from
    #[arg(long)]
    show_origin: bool,
    #[command(flatten)]
    reading: ReadingArguments,
    #[command(flatten)]
    judging: Judging,
}

/// A setting, its value, and where it comes from.
struct Row {
    name: &'static str,
    value: String,
    origin: String,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let root = std::env::current_dir()?;
    if let Err(error) = std::fs::symlink_metadata(&arguments.path) {
        let sentence = format!("cannot read `{}`: {error}", arguments.path.display());
        return Err(UsageError::new(sentence).into());
    }
    let start = root.join(&arguments.path);
    let settings = Settings::find(&root, &start, global.config.as_deref())?;
    let typed = Cli::command().try_get_matches_from(std::env::args_os())?;
    let sources = Sources {
        typed: typed.subcommand().map_or(&typed, |(_, matches)| matches),
        settings: &settings,
    };
    let rows = rows(arguments, global, &sources);
    let width = |pick: fn(&Row) -> usize| rows.iter().map(pick).max().unwrap_or(0);
    let (names, values) = (width(|row| row.name.len()), width(|row| row.value.len()));
    let mut text = String::new();
    for row in &rows {
        let _infallible = if arguments.show_origin {
            writeln!(
                text,
                "{:names$} = {:values$}   {}",
                row.name, row.value, row.origin
            )
        } else {
            writeln!(text, "{:names$} = {}", row.name, row.value)
        };
    }
    output::data(&text, 0, global.color)
}

/// Where values can come from.
struct Sources<'s> {
    typed: &'s ArgMatches,
    settings: &'s Settings,
}

/// A setting by its three names: the argument's, the variable's and the key in the file.
struct Names {
    argument: &'static str,
    variable: &'static str,
    key: Option<&'static str>,
}

impl Sources<'_> {
    fn origin(&self, names: &Names) -> String {
        match self.typed.value_source(names.argument) {
            Some(ValueSource::CommandLine) => {
                return format!("command line (--{})", names.argument.replace('_', "-"));
            }
            Some(ValueSource::EnvVariable) => return names.variable.to_owned(),
            _ => {}
        }
        let key = names.key.and_then(|key| self.settings.origin_of(key));
        key.unwrap_or_else(|| "default".to_owned())
    }
}

fn rows(arguments: &Arguments, global: &Global, sources: &Sources<'_>) -> Vec<Row> {
    let settings = sources.settings;
    let judging = &arguments.judging;
    let row = |name, value, argument, variable| Row {
        name,
        value,
        origin: sources.origin(&Names {
            argument,
            variable,
            key: name.contains('.').then_some(name),
        }),
    };
    let first =
        |typed: &[String], file: &[String]| list(if typed.is_empty() { file } else { typed });
    let fail_on = judging.fail_on.or(settings.fail_on);
    let mut exclude = settings.exclude.clone();
    exclude.extend(arguments.reading.exclude.iter().cloned());
    let render = !arguments.reading.no_render && settings.render;
    let found = settings.path.as_ref();
    let only_file = |name, value| row(name, value, "", "");
    vec![
        row(
            "config",
            found.map_or_else(|| "none".to_owned(), |path| path.display().to_string()),
            "config",
            "PALISADE_CONFIG",
        ),
        row(
            "format",
            judging.format.name().to_owned(),
            "format",
            "PALISADE_FORMAT",
        ),
        row(
            "color",
            format!("{:?}", global.color).to_lowercase(),
            "color",
            "PALISADE_COLOR",
        ),
        row(
            "strict",
            judging.strict.to_string(),
            "strict",
            "PALISADE_STRICT",
        ),
        row(
            "no-inline",
            judging.no_inline.to_string(),
            "no_inline",
            "PALISADE_NO_INLINE",
        ),
        row(
            "check.fail-on",
            fail_on.unwrap_or(Severity::High).word().to_owned(),
            "fail_on",
            "PALISADE_FAIL_ON",
        ),
        row(
            "check.only",
            first(&judging.only, &settings.only),
            "only",
            "PALISADE_ONLY",
        ),
        row(
            "check.skip",
            first(&judging.skip, &settings.skip),
            "skip",
            "PALISADE_SKIP",
        ),
        row(
            "check.exclude",
            list(&exclude),
            "exclude",
            "PALISADE_EXCLUDE",
        ),
        row(
            "sources.render",
            render.to_string(),
            "no_render",
            "PALISADE_NO_RENDER",
        ),
        only_file(
            "sources.mesh-root-namespace",
            settings
                .mesh_root_namespace
                .clone()
                .unwrap_or_else(|| "istio-system".to_owned()),
        ),
        only_file("images.registries", list(&settings.registries)),
        Row {
            name: "dataset",
            value: format!("{} declared", settings.datasets.len()),
            origin: first_place(settings.datasets.iter().map(|dataset| &dataset.origin)),
        },
        Row {
            name: "exception",
            value: format!("{} written", settings.exceptions.len()),
            origin: first_place(
                settings
                    .exceptions
                    .iter()
                    .map(|exception| &exception.origin),
            ),
        },
    ]
}

fn list(values: &[String]) -> String {
    if values.is_empty() {
        "none".to_owned()
    } else {
        values.join(", ")
    }
}

fn first_place<'o>(mut origins: impl Iterator<Item = &'o palisade_model::Origin>) -> String {
    origins
        .next()
        .map_or_else(|| "default".to_owned(), ToString::to_string)
}
