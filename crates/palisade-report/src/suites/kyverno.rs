//! The table of `kyverno test`, with the strict reading beside it.

use palisade_policy::{CaseResult, SuiteReport, Verdict};

use super::human::line;
use super::{Reading, Tally};
use crate::Detail;

pub(super) fn table(out: &mut String, suites: &[&SuiteReport], detail: Detail) {
    for suite in suites {
        let cases: Vec<&CaseResult> = suite
            .cases
            .iter()
            .filter(|case| detail == Detail::Verbose || is_bad(case))
            .collect();
        if cases.is_empty() {
            continue;
        }
        line(out, &suite.name);
        let width = cases
            .iter()
            .map(|case| case.name.chars().count())
            .max()
            .unwrap_or(0);
        for (index, case) in cases.iter().enumerate() {
            let (word, why) = words(case);
            let name = &case.name;
            let text = format!("│ {:>4} │ {name:<width$} │ {word:<7} │ {why}", index + 1);
            line(out, text.trim_end());
        }
    }
    let tally = Tally::of(suites.iter().copied(), Reading::Compatible);
    line(
        out,
        &format!(
            "Test Summary: {} tests passed and {} tests failed",
            tally.passed,
            tally.failed + tally.errors
        ),
    );
    let strict = Tally::of(suites.iter().copied(), Reading::Strict);
    line(
        out,
        &format!(
            "strict: {} passed and {} failed (a resource that no rule answered for is not a pass)",
            strict.passed,
            strict.failed + strict.errors
        ),
    );
}

fn is_bad(case: &CaseResult) -> bool {
    let bad = |verdict: &Verdict| matches!(verdict, Verdict::Failed(_) | Verdict::Error(_));
    bad(&case.verdict) || case.strict.as_ref().is_some_and(bad)
}

fn words(case: &CaseResult) -> (&'static str, String) {
    match (&case.verdict, &case.strict) {
        (Verdict::Passed, Some(Verdict::Failed(why) | Verdict::Error(why))) => {
            ("Pass", format!("strict: {why}"))
        }
        (Verdict::Passed, _) => ("Pass", String::new()),
        (Verdict::Skipped(why), _) => ("Skip", why.clone()),
        (Verdict::Failed(why), _) => ("Fail", why.clone()),
        (Verdict::Error(why), _) => ("Error", why.clone()),
    }
}
