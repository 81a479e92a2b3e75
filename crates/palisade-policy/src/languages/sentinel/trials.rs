//! Tests in the ecosystem's own layout: `test/<policy>/*.hcl` and `.json` beside the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Instant, UNIX_EPOCH};

use palisade_document::Span;
use palisade_model::Origin;

use super::configuration::{self, Configuration};
use super::judgement::{Judgement, Trial, Verdict as PolicyVerdict, judge};
use super::loader::{Loader, Mocks, document};
use super::own_stack;
use super::syntax::Program;
use crate::budget::Budget;
use crate::context::Effects;
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::language::Settings;
use crate::suite::{CaseResult, SuiteReport, Verdict};

/// Runs every test below a folder.
pub(super) fn run(folder: &Folder, settings: &Settings) -> Result<Vec<SuiteReport>, PolicyError> {
    own_stack::run(|| run_here(folder, settings)).unwrap_or_else(|| {
        Err(PolicyError::new(
            "the system gives no thread to run tests in",
        ))
    })
}

fn run_here(folder: &Folder, settings: &Settings) -> Result<Vec<SuiteReport>, PolicyError> {
    let files = folder
        .files()
        .map_err(|error| PolicyError::new(error.to_string()))?;
    let read = |path: &str| folder.read_named(path).map_err(|error| error.to_string());
    let loader = Loader::new(&read);
    let mut reports = Vec::new();
    for (policy, cases) in gather(&files) {
        let results = cases
            .iter()
            .map(|case| run_case(folder, &loader, settings, (&policy, case)));
        let report = SuiteReport {
            language: "sentinel",
            runner: "sentinel test",
            name: folder.shown(&policy),
            cases: results.collect(),
            coverage: BTreeMap::new(),
        };
        reports.push(report);
        loader.forget(|path| !path.contains("/test/") && !path.starts_with("test/"));
    }
    Ok(reports)
}

/// Cases by their policy. Other languages keep JSON in `test/` too: what lies beside no policy of
/// this language is none of its cases.
fn gather(files: &[String]) -> BTreeMap<String, Vec<String>> {
    let ours = files.iter().filter(|file| {
        let name = file.rsplit('/').next().unwrap_or(file);
        name.strip_suffix(".sentinel").is_some() || matches!(name, "sentinel.hcl" | "sentinel.json")
    });
    let ours: BTreeSet<&str> = ours.map(|file| parent(file)).collect();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let case =
            matches!(file.rsplit_once('.'), Some((_, "hcl" | "json"))).then(|| policy_of(file));
        if let Some(policy) = case
            .flatten()
            .filter(|policy| ours.contains(parent(policy)))
        {
            found.entry(policy).or_default().push(file.clone());
        }
    }
    found
}

fn parent(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The policy of a case: `a/test/b/c.hcl` tests `a/b.sentinel`.
fn policy_of(file: &str) -> Option<String> {
    let (folder, _) = file.rsplit_once('/')?;
    let (tests, name) = folder.rsplit_once('/')?;
    let beside = match tests {
        "test" => "",
        tests => tests.strip_suffix("/test")?,
    };
    Some(match beside {
        "" => format!("{name}.sentinel"),
        beside => format!("{beside}/{name}.sentinel"),
    })
}

fn run_case(
    folder: &Folder,
    loader: &Loader<'_>,
    settings: &Settings,
    (policy, case): (&str, &str),
) -> CaseResult {
    let started = Instant::now();
    let mut result = CaseResult::new(folder.shown(case), Verdict::Passed);
    match prepare(folder, loader, (policy, case)) {
        Ok((program, configuration, origin)) => {
            result.origin = Some(origin);
            let mut environment = loader.environment(&configuration, case, Mocks::Use);
            for (name, json) in &settings.parameters {
                if let Ok(json) = serde_json::from_str(json) {
                    environment.parameters.insert(name.clone(), document(&json));
                }
            }
            let judgement = judge(&Trial {
                program: &program,
                environment: &environment,
                input: None,
                effects: Effects {
                    now_ns: checked_out(folder, case),
                    ..Effects::default()
                },
                budget: Budget::default(),
                expected: configuration.expected.as_ref(),
            });
            result.verdict = verdict(&judgement, configuration.expected.is_some());
            result.prints = judgement.prints;
        }
        Err(error) => {
            result.verdict = Verdict::Error(error.message);
            result.origin = error.origin;
        }
    }
    result.duration = started.elapsed();
    result
}

/// The moment at which a case was written to this machine, which stands for the time of its run:
/// nothing else tells a test the time, and a test that needs another one mocks it.
fn checked_out(folder: &Folder, case: &str) -> Option<i64> {
    let known = std::fs::metadata(folder.root().join(case)).ok()?;
    let since = known.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok()
}

type Prepared = (std::sync::Arc<Program>, Configuration, Origin);

fn prepare(
    folder: &Folder,
    loader: &Loader<'_>,
    (policy, case): (&str, &str),
) -> Result<Prepared, PolicyError> {
    let program = loader.program(policy)?;
    let file = folder
        .read(case)
        .map_err(|error| PolicyError::new(error.to_string()))?;
    let configuration = configuration::read(&file)
        .map_err(|mistake| PolicyError::at(Origin::new(&file, mistake.span), mistake.message))?;
    Ok((program, configuration, Origin::new(&file, Span::default())))
}

fn verdict(judgement: &Judgement, has_expectations: bool) -> Verdict {
    if let PolicyVerdict::Stopped(fault) = &judgement.verdict {
        let place = fault.place().map(|(file, span)| {
            let at = file.position(span.start);
            format!("{}:{}:{}: ", file.path(), at.line, at.column)
        });
        let place = place.unwrap_or_default();
        return Verdict::Error(format!("{place}{}", fault.message()));
    }
    let mut lines: Vec<String> = judgement
        .unexpected
        .iter()
        .map(|(name, wanted, found)| format!("expected `{name}` to be {wanted}, got {found}"))
        .collect();
    if !has_expectations && !matches!(judgement.verdict, PolicyVerdict::Passes) {
        lines.push("expected `main` to pass".to_owned());
    }
    if lines.is_empty() {
        return Verdict::Passed;
    }
    if let PolicyVerdict::Undefined(Some((file, span))) = &judgement.verdict {
        let at = file.position(span.start);
        let path = file.path();
        lines.push(format!(
            "undefined came up at {path}:{}:{}",
            at.line, at.column
        ));
    }
    lines.extend(trace(judgement));
    Verdict::Failed(lines.join("\n"))
}

/// The rules that were evaluated, a line each.
fn trace(judgement: &Judgement) -> Vec<String> {
    let lines = judgement.rules.iter().map(|rule| {
        let (file, span) = &rule.place;
        let at = file.position(span.start);
        format!(
            "{}:{}:{}: rule `{}` is {}",
            file.path(),
            at.line,
            at.column,
            rule.name,
            rule.shown
        )
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::gather;

    #[test]
    fn what_lies_beside_no_policy_is_no_case() {
        let files = [
            "rego/test/pass/expected.json",
            "rego/rule.rego",
            "own/test/a/pass.hcl",
            "own/test/gone/pass.hcl",
            "own/a.sentinel",
        ];
        let found = gather(&files.map(str::to_owned));
        let policies: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(policies, ["own/a.sentinel", "own/gone.sentinel"]);
    }
}
