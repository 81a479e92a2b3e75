//! Tests in the layout of Kyverno's own command line: `kyverno-test.yaml` beside policies and
//! resources.

mod check;
mod file;
mod files;
mod judge;
mod load;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::{Limits, parse_yaml};

use self::file::Test;

use crate::error::PolicyError;
use crate::folder::Folder;
use crate::language::Settings;
use crate::suite::{CaseResult, ConformanceReport, SuiteReport, Verdict};

/// The name of a file with tests.
const TEST_FILE: &str = "kyverno-test.yaml";

/// Runs all tests below a folder.
pub(crate) fn test(folder: &Folder, settings: &Settings) -> Result<Vec<SuiteReport>, PolicyError> {
    let files = folder
        .files()
        .map_err(|error| PolicyError::new(error.to_string()))?;
    let mut reports = Vec::new();
    for path in hidden_too(folder, files) {
        reports.push(SuiteReport {
            language: "kyverno",
            runner: "kyverno test",
            name: folder.shown(&path),
            cases: run::file(folder, &path, settings),
            coverage: BTreeMap::new(),
        });
    }
    Ok(reports)
}

/// The files that tests judge and look up: those in a test's own folder, of a test that names a
/// policy that is there and expects something. Anything else would let a test take the system's
/// manifests out of a check.
pub(crate) fn material(folder: &Folder) -> Vec<Arc<str>> {
    let mut found = Vec::new();
    for path in hidden_too(folder, folder.files().unwrap_or_default()) {
        let own = folder.shown(&path);
        let own = own.rsplit_once('/').map_or("", |(own, _)| own).to_owned();
        let is_own = |file: &Arc<str>| own.is_empty() || file.starts_with(&format!("{own}/"));
        let Ok(text) = folder.read(&path) else {
            continue;
        };
        let (document, _) = parse_yaml(text, &Limits::default());
        for test in document.roots().filter_map(Test::read) {
            let policies = test.paths("policies");
            let is_there = |name: &&str| load::files(folder, &path, name).is_ok();
            if test.rows.is_empty() || !policies.iter().any(is_there) {
                continue;
            }
            let named = files::KEYS.iter().flat_map(|key| test.paths(key));
            let rows = test.rows.iter();
            let changed =
                rows.flat_map(|row| files::ROW_KEYS.iter().flat_map(|key| row.paths(key)));
            for name in named.chain(changed) {
                let files = load::files(folder, &path, name).unwrap_or_default();
                let files = files.iter().map(|file| Arc::clone(file.path()));
                found.extend(files.filter(is_own));
            }
        }
    }
    found
}

/// Kyverno's own policies keep their tests in hidden folders (`.kyverno-test`), which a folder's
/// listing leaves out.
fn hidden_too(folder: &Folder, listed: Vec<String>) -> Vec<String> {
    let mut folders: Vec<&str> = listed
        .iter()
        .map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder))
        .collect();
    folders.push("");
    folders.sort_unstable();
    folders.dedup();
    let mut found: Vec<String> = folders
        .into_iter()
        .map(|parent| match parent {
            "" => format!(".kyverno-test/{TEST_FILE}"),
            parent => format!("{parent}/.kyverno-test/{TEST_FILE}"),
        })
        .filter(|path| folder.read(path).is_ok())
        .collect();
    let plain = |path: &String| path == TEST_FILE || path.ends_with(&format!("/{TEST_FILE}"));
    found.extend(listed.into_iter().filter(plain));
    found.sort();
    found
}

/// Scores the engine on a checkout of `kyverno/policies` or of `kyverno/kyverno`'s `test/cli`.
pub(crate) fn conform(folder: &Folder) -> Result<ConformanceReport, PolicyError> {
    let mut report = ConformanceReport {
        suite: "kyverno",
        ..ConformanceReport::default()
    };
    let (mut lenient, mut all) = (0, 0);
    for suite in test(folder, &Settings::default())? {
        for case in suite.cases {
            let name = format!("{}: {}", suite.name, case.name);
            if let Some(reason) = not_applicable(&suite.name, &case) {
                let names = report.not_applicable.entry(reason.to_owned());
                names.or_default().push(name);
                continue;
            }
            match strict(&case) {
                Verdict::Skipped(reason) => {
                    report.not_applicable.entry(reason).or_default().push(name);
                    continue;
                }
                Verdict::Passed => report.passed += 1,
                Verdict::Failed(reason) | Verdict::Error(reason) => {
                    report.failed.entry(reason).or_default().push(name);
                }
            }
            all += 1;
            lenient += usize::from(case.verdict == Verdict::Passed);
        }
    }
    report.further.push((
        "as the upstream command line counts".to_owned(),
        lenient,
        all,
    ));
    Ok(report)
}

/// Why a case says nothing about an engine that has no network and no keys.
fn not_applicable(suite: &str, case: &CaseResult) -> Option<&'static str> {
    if suite.starts_with("test-fail/") || suite.contains("/test-fail/") {
        return Some("upstream keeps it to see its runner fail");
    }
    let said = |word: &str| case.prints.iter().any(|line| line.contains(word));
    if strict(case) == Verdict::Passed {
        return None;
    }
    if said("which needs keys") {
        return Some("needs keys for signed manifests");
    }
    if said("the image's data") || said("missing digest") || said("known of the image") {
        return Some("needs a registry on the network");
    }
    match strict(case) {
        Verdict::Error(reason) if reason.contains("requests of a proxy") => {
            Some("is about requests of a proxy")
        }
        Verdict::Error(reason) if reason.contains("No such file") => {
            Some("names a file that upstream does not have")
        }
        _ => None,
    }
}

fn strict(case: &CaseResult) -> Verdict {
    case.strict.clone().unwrap_or_else(|| case.verdict.clone())
}
