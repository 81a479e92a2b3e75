//! `palisade policy conformance`: an engine's score on an upstream suite.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use palisade_policy::{Conform, ConformanceReport, languages};
use serde_json::json;

use crate::arguments::Global;
use crate::{output, policies, session};

/// Cases that are named per cause unless everything is asked for.
const SHOWN: usize = 5;

/// What can be typed after `policy conformance`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The suite
    #[arg(long, value_parser = suite())]
    suite: String,
    /// Folder with the suite's cases: a checkout of its repository
    #[arg(long, value_name = "DIR")]
    cases: PathBuf,
    /// Form of the result
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

/// Form of a score.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ReportFormat {
    /// For a person
    #[default]
    Human,
    /// For a program
    Json,
}

fn suites() -> impl Iterator<Item = (&'static str, Conform)> {
    languages::ALL
        .iter()
        .flat_map(|language| language.conformance)
        .copied()
}

fn suite() -> impl TypedValueParser<Value = String> {
    let names: Vec<&'static str> = suites().map(|(name, _)| name).collect();
    PossibleValuesParser::new(names).map(|name| name)
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<u8> {
    let root = std::env::current_dir().context("cannot tell the current directory")?;
    session::exist(std::slice::from_ref(&arguments.cases))?;
    let (_, conform) = suites()
        .find(|(name, _)| *name == arguments.suite)
        .with_context(|| format!("no suite is called `{}`", arguments.suite))?;
    let report = conform(&policies::folder(&root, &arguments.cases))?;
    let text = match arguments.format {
        ReportFormat::Human => human(&report, global),
        ReportFormat::Json => format!("{:#}\n", as_json(&report)),
    };
    let code = match (report.passed, report.failures()) {
        (0, 0) => 4,
        (_, 0) => 0,
        _ => 1,
    };
    output::data(&text, code, global.color)
}

fn human(report: &ConformanceReport, global: &Global) -> String {
    let mut out = String::new();
    let skipped: usize = report.not_applicable.values().map(Vec::len).sum();
    let _infallible = writeln!(
        out,
        "{}: {} passed, {} failed, {skipped} not applicable",
        report.suite,
        report.passed,
        report.failures()
    );
    for (name, passed, all) in &report.further {
        let _infallible = writeln!(out, "{name}: {passed} of {all}");
    }
    for (title, causes) in [
        ("failed", &report.failed),
        ("not applicable", &report.not_applicable),
    ] {
        let mut by_size: Vec<_> = causes.iter().collect();
        by_size.sort_by_key(|(cause, cases)| (std::cmp::Reverse(cases.len()), *cause));
        for (cause, cases) in by_size {
            let _infallible = writeln!(out, "{title:<14} {:>5}  {cause}", cases.len());
            let shown = if global.verbose { cases.len() } else { SHOWN };
            for case in cases.iter().take(shown) {
                let _infallible = writeln!(out, "                      {case}");
            }
            if cases.len() > shown {
                let rest = cases.len() - shown;
                let _infallible = writeln!(out, "                      … {rest} more (-v)");
            }
        }
    }
    out
}

fn as_json(report: &ConformanceReport) -> serde_json::Value {
    let further: serde_json::Map<_, _> = report
        .further
        .iter()
        .map(|(name, passed, all)| {
            let failed = all.saturating_sub(*passed);
            (name.clone(), json!({ "passed": passed, "failed": failed }))
        })
        .collect();
    json!({
        "suite": report.suite,
        "passed": report.passed,
        "failed": report.failed,
        "not_applicable": report.not_applicable,
        "further": further,
    })
}
