//! Results of policy tests as JSON.

use palisade_policy::{CaseResult, SuiteReport, Verdict};
use serde_json::{Value, json};

use super::{Reading, Tally};

pub(super) fn render(suites: &[SuiteReport]) -> String {
    let count = |reading| {
        let tally = Tally::of(suites, reading);
        json!({
            "passed": tally.passed,
            "failed": tally.failed,
            "errors": tally.errors,
            "skipped": tally.skipped,
        })
    };
    let document = json!({
        "summary": count(Reading::Compatible),
        "strict": count(Reading::Strict),
        "suites": suites.iter().map(suite).collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn suite(suite: &SuiteReport) -> Value {
    let coverage = suite
        .coverage
        .iter()
        .map(|(file, (run, all))| (file.clone(), json!({ "run": run, "lines": all })))
        .collect::<serde_json::Map<_, _>>();
    json!({
        "name": suite.name,
        "language": suite.language,
        "runner": suite.runner,
        "cases": suite.cases.iter().map(case).collect::<Vec<_>>(),
        "coverage": coverage,
    })
}

fn case(case: &CaseResult) -> Value {
    let (result, why) = words(&case.verdict);
    let mut out = json!({ "name": case.name, "result": result });
    if !why.is_empty() {
        out["reason"] = json!(why);
    }
    if let Some(strict) = &case.strict {
        out["strict"] = json!(words(strict).0);
    }
    if let Some(origin) = &case.origin {
        out["origin"] = json!(origin);
    }
    if !case.prints.is_empty() {
        out["prints"] = json!(case.prints);
    }
    out
}

fn words(verdict: &Verdict) -> (&'static str, &str) {
    match verdict {
        Verdict::Passed => ("pass", ""),
        Verdict::Failed(why) => ("fail", why),
        Verdict::Error(why) => ("error", why),
        Verdict::Skipped(why) => ("skip", why),
    }
}
