//! Results as each ecosystem's own runner prints them, so that a reader is at home.

use std::fmt::Write as _;

use palisade_policy::{CaseResult, SuiteReport, Verdict};

use super::{Reading, Tally, kyverno};
use crate::Detail;

pub(super) fn render(suites: &[SuiteReport], detail: Detail) -> String {
    let mut out = String::new();
    let mut runners: Vec<&str> = suites.iter().map(|suite| suite.runner).collect();
    runners.sort_unstable();
    runners.dedup();
    for runner in runners {
        let own: Vec<&SuiteReport> = suites
            .iter()
            .filter(|suite| suite.runner == runner)
            .collect();
        match runner {
            "opa test" => opa(&mut out, &own, detail),
            "conftest verify" => conftest(&mut out, &own, detail),
            "gator verify" => gator(&mut out, &own, detail),
            "kyverno test" => kyverno::table(&mut out, &own, detail),
            _ => sentinel(&mut out, &own, detail),
        }
    }
    out
}

fn opa(out: &mut String, suites: &[&SuiteReport], detail: Detail) {
    for suite in suites {
        let shown: Vec<&CaseResult> = shown(suite, detail).collect();
        if shown.is_empty() {
            continue;
        }
        line(out, &format!("{}:", suite.name));
        for case in shown {
            let time = duration(case);
            match &case.verdict {
                Verdict::Passed => line(out, &format!("{}: PASS ({time})", case.name)),
                Verdict::Skipped(_) => line(out, &format!("{}: SKIPPED", case.name)),
                Verdict::Failed(why) => {
                    line(out, &format!("{}: FAIL ({time})", case.name));
                    because(out, case, why);
                }
                Verdict::Error(why) => {
                    line(out, &format!("{}: ERROR ({time})", case.name));
                    because(out, case, why);
                }
            }
            prints(out, case);
        }
    }
    let tally = Tally::of(suites.iter().copied(), Reading::Compatible);
    let total = tally.total();
    line(out, &"-".repeat(80));
    for (word, count) in [
        ("PASS", tally.passed),
        ("FAIL", tally.failed),
        ("ERROR", tally.errors),
        ("SKIPPED", tally.skipped),
    ] {
        if count > 0 {
            line(out, &format!("{word}: {count}/{total}"));
        }
    }
    coverage(out, suites, detail);
}

fn coverage(out: &mut String, suites: &[&SuiteReport], detail: Detail) {
    let files = suites.iter().flat_map(|suite| &suite.coverage);
    let (run, all) = files
        .clone()
        .fold((0, 0), |sum, (_, (run, all))| (sum.0 + run, sum.1 + all));
    if all == 0 {
        return;
    }
    if detail == Detail::Verbose {
        for (file, (run, all)) in files {
            line(out, &format!("  {file}: {run}/{all} lines"));
        }
    }
    let percent = f64::from(run) * 100.0 / f64::from(all);
    line(
        out,
        &format!("coverage: {percent:.1} % ({run}/{all} lines)"),
    );
}

fn conftest(out: &mut String, suites: &[&SuiteReport], detail: Detail) {
    for suite in suites {
        for case in shown(suite, detail) {
            let word = match &case.verdict {
                Verdict::Passed => "PASS",
                Verdict::Failed(_) | Verdict::Error(_) => "FAIL",
                Verdict::Skipped(_) => "SKIP",
            };
            line(out, &format!("{word} - {} - {}", suite.name, case.name));
            if let Verdict::Failed(why) | Verdict::Error(why) = &case.verdict {
                because(out, case, why);
            }
            prints(out, case);
        }
    }
    let tally = Tally::of(suites.iter().copied(), Reading::Compatible);
    let failed = tally.failed + tally.errors;
    let total = tally.total();
    line(
        out,
        &format!(
            "{total} {}, {} passed, 0 warnings, {failed} {}, 0 exceptions, {} skipped",
            plural(total, "test"),
            tally.passed,
            plural(failed, "failure"),
            tally.skipped
        ),
    );
}

fn gator(out: &mut String, suites: &[&SuiteReport], detail: Detail) {
    for suite in suites {
        for case in shown(suite, detail) {
            match &case.verdict {
                Verdict::Passed => {
                    line(
                        out,
                        &format!("    --- PASS: {} ({})", case.name, duration(case)),
                    );
                }
                Verdict::Skipped(_) => line(out, &format!("    --- SKIP: {}", case.name)),
                Verdict::Failed(why) | Verdict::Error(why) => {
                    line(
                        out,
                        &format!("    --- FAIL: {} ({})", case.name, duration(case)),
                    );
                    because(out, case, why);
                }
            }
            prints(out, case);
        }
        let word = if Tally::of([*suite], Reading::Compatible).is_bad() {
            "FAIL"
        } else {
            "ok"
        };
        line(out, &format!("{word}\t{}", suite.name));
    }
    let bad = Tally::of(suites.iter().copied(), Reading::Compatible).is_bad();
    line(out, if bad { "FAIL" } else { "PASS" });
}

fn sentinel(out: &mut String, suites: &[&SuiteReport], detail: Detail) {
    for suite in suites {
        let tally = Tally::of([*suite], Reading::Compatible);
        let word = if tally.is_bad() { "FAIL" } else { "PASS" };
        line(out, &format!("{word} - {}", suite.name));
        for case in &suite.cases {
            match &case.verdict {
                Verdict::Passed => line(out, &format!("  PASS - {}", case.name)),
                Verdict::Skipped(why) => line(out, &format!("  SKIP - {}: {why}", case.name)),
                Verdict::Failed(why) | Verdict::Error(why) => {
                    line(out, &format!("  FAIL - {}", case.name));
                    because(out, case, why);
                }
            }
            if detail == Detail::Verbose {
                prints(out, case);
            }
        }
    }
    let tally = Tally::of(suites.iter().copied(), Reading::Compatible);
    if tally.is_bad() {
        let failed = tally.failed + tally.errors;
        line(out, &format!("{failed} of {} tests failed", tally.total()));
    }
}

/// Passed tests are shown to whoever asks for everything, as `opa test -v` does.
fn shown(suite: &SuiteReport, detail: Detail) -> impl Iterator<Item = &CaseResult> {
    suite
        .cases
        .iter()
        .filter(move |case| detail == Detail::Verbose || !matches!(case.verdict, Verdict::Passed))
}

fn because(out: &mut String, case: &CaseResult, why: &str) {
    for text in why.lines() {
        line(out, &format!("      {text}"));
    }
    if let Some(origin) = &case.origin {
        line(out, &format!("      at {origin}"));
    }
}

fn prints(out: &mut String, case: &CaseResult) {
    for text in &case.prints {
        line(out, &format!("      {text}"));
    }
}

fn duration(case: &CaseResult) -> String {
    format!("{:.1} ms", case.duration.as_secs_f64() * 1000.0)
}

/// The word, in the plural unless it is one.
pub fn plural(count: usize, word: &str) -> String {
    if count == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}

pub(super) fn line(out: &mut String, text: &str) {
    let _infallible = writeln!(out, "{text}");
}
