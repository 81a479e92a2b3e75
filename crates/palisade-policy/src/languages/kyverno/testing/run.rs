//! Runs the tests of one file.

use std::time::{Duration, Instant};

use bumpalo::Bump;
use palisade_document::{Limits, Syntax, parse};

use crate::budget::{Budget, Meter};
use crate::context::{Context, Effects};
use crate::folder::Folder;
use crate::language::Settings;
use crate::suite::{CaseResult, Verdict};

use super::check;
use super::file::Test;
use super::files::Files;
use super::judge::Runner;

/// The results of one test file; a file can hold several tests.
pub(super) fn file(folder: &Folder, path: &str, settings: &Settings) -> Vec<CaseResult> {
    let source = match folder.read(path) {
        Ok(source) => source,
        Err(error) => return vec![CaseResult::new(path, Verdict::Error(error.to_string()))],
    };
    let (document, _) = parse(source, Syntax::Yaml, &Limits::default());
    let mut cases = Vec::new();
    for root in document.roots() {
        let Some(test) = Test::read(root) else {
            continue;
        };
        let started = Instant::now();
        let mut found = match one(folder, path, &test, settings) {
            Ok(found) => found,
            Err(reason) => unrun(&test, &reason),
        };
        let share = u32::try_from(found.len().max(1)).unwrap_or(u32::MAX);
        let each: Duration = started.elapsed() / share;
        for case in &mut found {
            case.duration = each;
        }
        cases.append(&mut found);
    }
    cases
}

/// One failed result per expected one, when a test cannot run.
fn unrun(test: &Test<'_>, reason: &str) -> Vec<CaseResult> {
    let mut cases = Vec::new();
    for row in &test.rows {
        let names = if row.resources.is_empty() {
            vec!["*"]
        } else {
            row.resources.clone()
        };
        for name in names {
            let name = format!("{} / {} / {name}", row.policy, row.rule);
            let mut case = CaseResult::new(name, Verdict::Error(reason.to_owned()));
            case.strict = Some(case.verdict.clone());
            case.origin = Some(row.origin());
            cases.push(case);
        }
    }
    cases
}

fn one(
    folder: &Folder,
    path: &str,
    test: &Test<'_>,
    settings: &Settings,
) -> Result<Vec<CaseResult>, String> {
    for payload in ["httpPayloads", "envoyPayloads"] {
        if !test.paths(payload).is_empty() {
            return Err(format!(
                "`{payload}` are requests of a proxy, which are not read here"
            ));
        }
    }
    let files = Files::read(folder, path, test)?;
    let arena = Bump::new();
    let now_ns = settings
        .parameters
        .get("now_ns")
        .and_then(|now| now.parse().ok());
    let random = || 0x9e37_79b9_7f4a_7c15;
    let effects = Effects {
        now_ns: now_ns.or(Some(DEFAULT_NOW_NS)),
        random: Some(&random),
        ..Effects::default()
    };
    let context = Context::new(&arena, Meter::start(budget()), effects);
    let runner = Runner::new(&context, &files, test);
    let judged = runner.run(&context);
    Ok(check::rows(&check::Checker {
        folder,
        path,
        test,
        arena: &arena,
        set: &runner.set,
        judged: &judged,
    }))
}

/// The moment that tests run at if none is given: 2026-01-01T00:00:00Z, so that results do not
/// change from day to day.
const DEFAULT_NOW_NS: i64 = 1_767_225_600_000_000_000;

/// Bounds on a whole test file, which holds up to a hundred resources.
fn budget() -> Budget {
    Budget {
        steps: 50_000_000,
        time: Duration::from_mins(1),
        ..Budget::default()
    }
}
