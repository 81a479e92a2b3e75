//! Scores the engine on the tests of any checkout.

use super::trials;
use crate::error::PolicyError;
use crate::folder::Folder;
use crate::language::Settings;
use crate::suite::{ConformanceReport, Verdict};

/// Runs every test below a folder.
pub(super) fn score(folder: &Folder) -> Result<ConformanceReport, PolicyError> {
    let mut score = ConformanceReport {
        suite: "sentinel",
        ..ConformanceReport::default()
    };
    for report in trials::run(folder, &Settings::default())? {
        for case in report.cases {
            let cause = match case.verdict {
                Verdict::Passed => {
                    score.passed += 1;
                    continue;
                }
                Verdict::Error(message) => match needs(&message) {
                    Some(reason) => {
                        let cases = score.not_applicable.entry(reason.to_owned());
                        cases.or_default().push(case.name);
                        continue;
                    }
                    None => format!("stopped: {}", first_line(&message)),
                },
                Verdict::Failed(message) => format!("differs: {}", first_line(&message)),
                Verdict::Skipped(reason) => {
                    let cases = score.not_applicable.entry(reason);
                    cases.or_default().push(case.name);
                    continue;
                }
            };
            score.failed.entry(cause).or_default().push(case.name);
        }
    }
    Ok(score)
}

/// What a case needs that no engine has by itself.
fn needs(message: &str) -> Option<&'static str> {
    if message.contains("HTTP is off") || message.contains("and nothing is fetched") {
        Some("needs a live service on the internet")
    } else if message.contains("No such file or directory") {
        Some("names a file that the suite does not have")
    } else {
        None
    }
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
