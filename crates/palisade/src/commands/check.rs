//! `palisade check`: read the system, prove the patterns, print what is wrong; the gate.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use palisade_model::Severity;
use palisade_report::{Detail, Format, render};

use crate::arguments::{Global, SourceArguments, severity};
use crate::assess::{Comments, Completeness, Request, assess};
use crate::output;
use crate::patching;
use crate::selection::Selection;
use crate::session::Session;

pub(super) const ABOUT: &str =
    "Prove the twelve patterns on a system, and fail where policy is broken";

const EXAMPLES: &str = "Examples:
  palisade check                          the current directory
  palisade check k8s/ --fail-on medium    fail from medium on
  palisade check --only 2,PAL0501         pattern 2 and one check
  palisade check --only KSV-0017          by another tool's id
  palisade check --format sarif --output palisade.sarif";

/// What can be typed after `check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sources: SourceArguments,
    #[command(flatten)]
    judging: Judging,
    /// Write the result to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How to judge and how to say it.
#[derive(Debug, Args)]
pub(crate) struct Judging {
    /// Form of the result
    #[arg(long, value_parser = format(), default_value = "human", env = "PALISADE_FORMAT", hide_env_values = true)]
    pub(crate) format: Format,
    /// Lowest severity that fails the run [default: high]
    #[arg(long, value_parser = severity(), env = "PALISADE_FAIL_ON", hide_env_values = true)]
    pub(crate) fail_on: Option<Severity>,
    /// Run only these checks: ids, slugs, pattern numbers, or other tools' ids
    #[arg(
        long,
        value_name = "CHECK",
        value_delimiter = ',',
        env = "PALISADE_ONLY",
        hide_env_values = true
    )]
    pub(crate) only: Vec<String>,
    /// Leave these checks out
    #[arg(
        long,
        value_name = "CHECK",
        value_delimiter = ',',
        env = "PALISADE_SKIP",
        hide_env_values = true
    )]
    pub(crate) skip: Vec<String>,
    /// Say nothing (exit code 3) if a file could not be read in full
    #[arg(long, env = "PALISADE_STRICT", hide_env_values = true)]
    pub(crate) strict: bool,
    /// Ignore suppression comments in the sources
    #[arg(long, env = "PALISADE_NO_INLINE", hide_env_values = true)]
    pub(crate) no_inline: bool,
}

fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|text| text.parse::<Format>())
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let started = Instant::now();
    let session = Session::open(&arguments.sources, global)?;
    let request = request(&arguments.judging, &session, global)?;
    let mut assessment = assess(&session, &request);
    if arguments.judging.format == Format::Json {
        patching::write_out(&mut assessment.findings, session.texts());
    }
    let watched = arguments.output.is_none() && output::is_watched();
    if watched && arguments.judging.format == Format::Human {
        let elapsed = started.elapsed().as_millis();
        assessment.elapsed_ms = Some(u64::try_from(elapsed).unwrap_or(u64::MAX));
    }
    let detail = match (global.quiet, global.verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Normal,
    };
    let text = render(
        arguments.judging.format,
        &assessment,
        session.texts(),
        detail,
    );
    let code = assessment.verdict.exit_code();
    match &arguments.output {
        Some(path) => output::file(&text, path, code),
        None => output::data(&text, code, global.color),
    }
}

/// Command line and environment before the settings file, and that before the defaults.
fn request(arguments: &Judging, session: &Session, global: &Global) -> anyhow::Result<Request> {
    let settings = &session.settings;
    let first = |typed: &'_ [String], file: &[String]| -> Vec<String> {
        if typed.is_empty() {
            file.to_vec()
        } else {
            typed.to_vec()
        }
    };
    let only = first(&arguments.only, &settings.only);
    let skip = first(&arguments.skip, &settings.skip);
    Ok(Request {
        selection: Selection::of(&only, &skip)?,
        fail_on: arguments
            .fail_on
            .or(settings.fail_on)
            .unwrap_or(Severity::High),
        completeness: if arguments.strict {
            Completeness::Strict
        } else {
            Completeness::Tolerant
        },
        comments: if arguments.no_inline {
            Comments::Ignored
        } else {
            Comments::Honoured
        },
        today: global.today(),
        now_ns: global.now_ns(),
    })
}
