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

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let root = std::env::current_dir()?;
    if let Err(error) = std::fs::symlink_metadata(&arguments.path) {
        let sentence = format!("cannot read `{}`: {error}", arguments.path.display());
        return Err(UsageError::new(sentence).into());
    }
    let start = root.join(&arguments.path);
    let settings = Settings::find(&root, &start, global.config.as_deref())?;
    let typed = Cli::command().try_get_matches_from(std::env::args_os())?;
    let seen = Seen {
        arguments,
        global,
        settings: &settings,
        typed: typed.subcommand().map_or(&typed, |(_, matches)| matches),
    };
    let rows: Vec<(&str, String, String)> = SETTINGS
        .iter()
        .map(|setting| (setting.name, (setting.value)(&seen), seen.origin(setting)))
        .collect();
    let names = rows.iter().map(|row| row.0.len()).max().unwrap_or(0);
    let values = rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value, origin) in &rows {
        let _infallible = if arguments.show_origin {
            writeln!(text, "{name:names$} = {value:values$}   {origin}")
        } else {
            writeln!(text, "{name:names$} = {value}")
        };
    }
    output::data(&text, 0, global.color)
}

/// Everything that settings come from.
struct Seen<'s> {
    arguments: &'s Arguments,
    global: &'s Global,
    settings: &'s Settings,
    typed: &'s ArgMatches,
}

/// A setting by its names, and what it comes to.
struct Setting {
    /// What it is called; with a point, the key in the file.
    name: &'static str,
    /// The argument's and the variable's name; empty for what only the file says.
    typed: (&'static str, &'static str),
    value: fn(&Seen<'_>) -> String,
}

const SETTINGS: [Setting; 21] = [
    Setting {
        name: "config",
        typed: ("config", "PALISADE_CONFIG"),
        value: |seen| match &seen.settings.path {
            Some(path) => path.display().to_string(),
            None => "none".to_owned(),
        },
    },
    Setting {
        name: "format",
        typed: ("format", "PALISADE_FORMAT"),
        value: |seen| seen.arguments.judging.format.name().to_owned(),
    },
    Setting {
        name: "color",
        typed: ("color", "PALISADE_COLOR"),
        value: |seen| format!("{:?}", seen.global.color).to_lowercase(),
    },
    Setting {
        name: "strict",
        typed: ("strict", "PALISADE_STRICT"),
        value: |seen| seen.arguments.judging.strict.to_string(),
    },
    Setting {
        name: "no-inline",
        typed: ("no_inline", "PALISADE_NO_INLINE"),
        value: |seen| seen.arguments.judging.no_inline.to_string(),
    },
    Setting {
        name: "check.fail-on",
        typed: ("fail_on", "PALISADE_FAIL_ON"),
        value: |seen| {
            let typed = seen.arguments.judging.fail_on;
            let known = typed.or(seen.settings.fail_on);
            known.unwrap_or(Severity::High).word().to_owned()
        },
    },
    Setting {
        name: "check.only",
        typed: ("only", "PALISADE_ONLY"),
        value: |seen| first(&seen.arguments.judging.only, &seen.settings.only),
    },
    Setting {
        name: "check.skip",
        typed: ("skip", "PALISADE_SKIP"),
        value: |seen| first(&seen.arguments.judging.skip, &seen.settings.skip),
    },
    Setting {
        name: "check.exclude",
        typed: ("exclude", "PALISADE_EXCLUDE"),
        value: |seen| {
            let mut all = seen.settings.exclude.clone();
            all.extend(seen.arguments.reading.exclude.iter().cloned());
            list(&all)
        },
    },
    Setting {
        name: "sources.render",
        typed: ("no_render", "PALISADE_NO_RENDER"),
        value: |seen| (!seen.arguments.reading.no_render && seen.settings.render).to_string(),
    },
    Setting {
        name: "sources.mesh-root-namespace",
        typed: ("", ""),
        value: |seen| match &seen.settings.mesh_root_namespace {
            Some(name) => name.clone(),
            None => "istio-system".to_owned(),
        },
    },
    Setting {
        name: "images.registries",
        typed: ("", ""),
        value: |seen| list(&seen.settings.registries),
    },
    Setting {
        name: "policies.paths",
        typed: ("policies", "PALISADE_POLICIES"),
        value: |seen| {
            let typed = &seen.arguments.reading.policies;
            let said = seen.settings.policies.as_ref();
            let folders = said.filter(|_| typed.is_empty()).unwrap_or(typed);
            let shown = folders.iter().map(|folder| folder.display().to_string());
            list(&shown.collect::<Vec<_>>())
        },
    },
    Setting {
        name: "policies.objects",
        typed: ("", ""),
        value: |seen| {
            let said = seen.settings.objects.iter();
            let shown = said.map(|place| place.display().to_string());
            list(&shown.collect::<Vec<_>>())
        },
    },
    Setting {
        name: "policies.cluster-facts",
        typed: ("", ""),
        value: |seen| seen.settings.cluster_facts.to_string(),
    },
    Setting {
        name: "identity.entries",
        typed: ("", ""),
        value: |seen| {
            let said = seen.settings.identity.entries.iter().flatten();
            let shown = said.map(|place| place.display().to_string());
            list(&shown.collect::<Vec<_>>())
        },
    },
    Setting {
        name: "identity.mint",
        typed: ("", ""),
        value: |seen| match &seen.settings.identity.mint {
            Some(file) => file.display().to_string(),
            None => "none".to_owned(),
        },
    },
    Setting {
        name: "identity.trust-domain",
        typed: ("", ""),
        value: |seen| match &seen.settings.identity.trust_domain {
            Some(name) => name.to_string(),
            None => "none".to_owned(),
        },
    },
    Setting {
        name: "identity.federation",
        typed: ("", ""),
        value: |seen| {
            let said = seen.settings.identity.federation.iter();
            list(
                &said
                    .map(|one| one.trust_domain.to_string())
                    .collect::<Vec<_>>(),
            )
        },
    },
    Setting {
        name: "dataset",
        typed: ("", ""),
        value: |seen| format!("{} declared", seen.settings.datasets.len()),
    },
    Setting {
        name: "exception",
        typed: ("", ""),
        value: |seen| format!("{} written", seen.settings.exceptions.len()),
    },
];

impl Seen<'_> {
    fn origin(&self, setting: &Setting) -> String {
        let (argument, variable) = setting.typed;
        let typed = (!argument.is_empty()).then(|| self.typed.value_source(argument));
        match typed.flatten() {
            Some(ValueSource::CommandLine) => {
                return format!("command line (--{})", argument.replace('_', "-"));
            }
            Some(ValueSource::EnvVariable) => return variable.to_owned(),
            _ => {}
        }
        let settings = self.settings;
        let place = match setting.name {
            "config" => settings.path.as_ref().map(|_| "found upwards".to_owned()),
            "dataset" => settings.datasets.first().map(|one| one.origin.to_string()),
            "exception" => settings
                .exceptions
                .first()
                .map(|one| one.origin.to_string()),
            key => settings.origin_of(key),
        };
        place.unwrap_or_else(|| "default".to_owned())
    }
}

/// What was typed goes before what the file says.
fn first(typed: &[String], file: &[String]) -> String {
    list(if typed.is_empty() { file } else { typed })
}

fn list(values: &[String]) -> String {
    if values.is_empty() {
        "none".to_owned()
    } else {
        values.join(", ")
    }
}
