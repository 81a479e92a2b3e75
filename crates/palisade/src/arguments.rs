//! What can be typed, apart from each command's own arguments.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, ValueEnum};
use palisade_model::Severity;

use crate::commands::Command;

/// Prove twelve security patterns on the code of a system.
#[derive(Debug, Parser)]
#[command(
    name = "palisade",
    version,
    max_term_width = 100,
    propagate_version = true
)]
#[command(
    after_help = "Exit codes: 0 nothing breaks policy, 1 something does, 2 bad command line, \
3 could not finish, 4 nothing to check."
)]
pub(crate) struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Settings file, instead of the `palisade.toml` found upwards to the repository root
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PALISADE_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,
    /// When to use colour
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "PALISADE_COLOR",
        hide_env_values = true
    )]
    pub(crate) color: Color,
    /// Say only what fails
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say everything: all findings in full, what became of each file
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// The day that "expired" is judged by
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "DATE",
        env = "PALISADE_TODAY",
        hide_env_values = true
    )]
    today: Option<jiff::civil::Date>,
}

impl Global {
    /// The day that "expired" is judged by. With `now_ns` the only place where the clock is read.
    pub(crate) fn today(&self) -> jiff::civil::Date {
        self.today
            .unwrap_or_else(|| jiff::ZonedDateTime::now().date())
    }

    /// The moment that policies see, in nanoseconds since 1970: now, or the start of the day that
    /// was given.
    pub(crate) fn now_ns(&self) -> i64 {
        let given = self
            .today
            .and_then(|day| day.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok());
        let moment = given.map_or_else(jiff::Timestamp::now, |start| start.timestamp());
        i64::try_from(moment.as_nanosecond()).unwrap_or(i64::MAX)
    }
}

/// What to read; the same for every command that reads a system.
#[derive(Debug, Args, Default)]
pub(crate) struct SourceArguments {
    /// Files and directories to read
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// How to read them
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
}

/// How to read.
#[derive(Debug, Args, Default)]
pub(crate) struct ReadingArguments {
    /// Leave out paths that match this glob
    #[arg(
        long,
        value_name = "GLOB",
        value_delimiter = ',',
        env = "PALISADE_EXCLUDE",
        hide_env_values = true
    )]
    pub(crate) exclude: Vec<String>,
    /// Folders with the team's own policies, instead of `policy/`, `policies/` and `guardrails/`
    #[arg(
        long,
        value_name = "DIR",
        value_delimiter = ',',
        env = "PALISADE_POLICIES",
        hide_env_values = true
    )]
    pub(crate) policies: Vec<PathBuf>,
    /// Leave the team's own policies out
    #[arg(long, conflicts_with = "policies")]
    pub(crate) no_policies: bool,
    /// Never run kubectl, kustomize or helm to render overlays and charts
    #[arg(long, env = "PALISADE_NO_RENDER", hide_env_values = true)]
    pub(crate) no_render: bool,
}

/// Parses a severity, with its values in `--help` and completions.
pub(crate) fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(["critical", "high", "medium", "low"])
        .try_map(|text| text.parse::<Severity>())
}
