//! `palisade policy test`: tests in their ecosystem's own layout and words.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use palisade_policy::{SuiteReport, languages};
use palisade_report::{Detail, Reading, SuiteFormat, Tally, render_suites};

use super::PolicyArguments;
use crate::arguments::Global;
use crate::{output, policies, session};

/// What can be typed after `policy test`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    policies: PolicyArguments,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: TestFormat,
    /// Write the result to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fail where the ecosystem's own runner passes a test that no rule answered
    #[arg(long)]
    strict: bool,
}

/// Form of the results of tests.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum TestFormat {
    /// As the ecosystem's own runner prints it
    #[default]
    Human,
    /// `JUnit` XML
    Junit,
    /// For a program
    Json,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let root = std::env::current_dir().context("cannot tell the current directory")?;
    let policies = &arguments.policies;
    session::exist(&policies.paths)?;
    let settings = policies.settings();
    let mut suites: Vec<SuiteReport> = Vec::new();
    for path in &policies.paths {
        let folder = policies::folder(&root, path);
        for language in languages::ALL {
            if policies
                .language
                .is_none_or(|only| only.name == language.name)
            {
                suites.extend((language.test)(&folder, &settings)?);
            }
        }
    }
    for suite in suites.iter_mut().filter(|suite| suite.name.is_empty()) {
        ".".clone_into(&mut suite.name);
    }
    let format = match arguments.format {
        TestFormat::Human => SuiteFormat::Human,
        TestFormat::Junit => SuiteFormat::Junit,
        TestFormat::Json => SuiteFormat::Json,
    };
    let text = render_suites(format, &suites, detail(global));
    let code = code(&suites, arguments.strict);
    match &arguments.output {
        Some(path) => output::file(&text, path, code),
        None => output::data(&text, code, global.color),
    }
}

fn code(suites: &[SuiteReport], is_strict: bool) -> u8 {
    let reading = if is_strict {
        Reading::Strict
    } else {
        Reading::Compatible
    };
    let tally = Tally::of(suites, reading);
    match (tally.total(), tally.is_bad()) {
        (0, _) => 4,
        (_, true) => 1,
        (_, false) => 0,
    }
}

fn detail(global: &Global) -> Detail {
    match (global.quiet, global.verbose) {
        (true, _) => Detail::Quiet,
        (_, true) => Detail::Verbose,
        _ => Detail::Normal,
    }
}
