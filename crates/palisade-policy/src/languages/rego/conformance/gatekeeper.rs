//! The Gatekeeper library: the tests of its policies, and its gator suites.

use super::super::engine::compared;
use super::super::testing::{gator_suites, opa_suites};
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::language::Settings;
use crate::suite::{ConformanceReport, Verdict};

/// Runs all tests and suites below a folder.
pub(in crate::languages::rego) fn gatekeeper_library(
    folder: &Folder,
) -> Result<ConformanceReport, PolicyError> {
    let mut report = ConformanceReport {
        suite: "gatekeeper",
        ..ConformanceReport::default()
    };
    let settings = Settings {
        dialect: Some("v0".to_owned()),
        ..Settings::default()
    };
    for suite in opa_suites(folder, &settings)? {
        for case in suite.cases {
            match case.verdict {
                Verdict::Passed => report.passed += 1,
                Verdict::Failed(cause) | Verdict::Error(cause) | Verdict::Skipped(cause) => {
                    let name = format!("{}: {}", suite.name, case.name);
                    report.failed.entry(cause).or_default().push(name);
                }
            }
        }
    }
    let suites = gator_suites(folder)?;
    let (mut passed, mut cases, mut cases_passed) = (0, 0, 0);
    for suite in &suites {
        let mut all = true;
        for case in &suite.cases {
            cases += 1;
            match &case.verdict {
                Verdict::Passed | Verdict::Skipped(_) => cases_passed += 1,
                Verdict::Failed(cause) | Verdict::Error(cause) => {
                    all = false;
                    let name = format!("{}: {}", suite.name, case.name);
                    report
                        .failed
                        .entry(format!("gator: {cause}"))
                        .or_default()
                        .push(name);
                }
            }
        }
        passed += usize::from(all);
    }
    report
        .further
        .push(("gator suites".to_owned(), passed, suites.len()));
    report
        .further
        .push(("gator cases".to_owned(), cases_passed, cases));
    let (compared, agreed) = compared();
    let answers = "answers of the virtual machine that are the interpreter's".to_owned();
    report.further.push((answers, agreed, compared));
    Ok(report)
}
