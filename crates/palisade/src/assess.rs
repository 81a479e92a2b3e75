//! From a system that was read to an assessment with its verdict.

use std::collections::BTreeMap;

use palisade_analysis::Analysis;
use palisade_analysis::outcomes::Outcomes;
use palisade_model::{Finding, Severity};
use palisade_patterns::{Context, find};
use palisade_report::{Assessment, CheckSummary, Estate, PatternLine, SCHEMA_VERSION, Verdict};

use crate::exceptions::{self, Sorted};
use crate::inline;
use crate::selection::Selection;
use crate::session::Session;

/// How strictly files that were not read are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// They are named, and the verdict is about the rest.
    Tolerant,
    /// They leave nothing to say.
    Strict,
}

/// Whether comments in the sources may suppress findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comments {
    /// They may, with owner, reason and end.
    Honoured,
    /// They may not.
    Ignored,
}

/// What to judge by.
#[derive(Debug)]
pub(crate) struct Request {
    /// Checks that run.
    pub(crate) selection: Selection,
    /// Severity from which a finding fails the run.
    pub(crate) fail_on: Severity,
    /// How strictly unread files are taken.
    pub(crate) completeness: Completeness,
    /// Whether comments count.
    pub(crate) comments: Comments,
    /// The day that "expired" is judged by.
    pub(crate) today: jiff::civil::Date,
}

/// Judges a system.
pub(crate) fn assess(session: &Session, request: &Request) -> Assessment {
    let reading = &session.reading;
    let analysis = Analysis::of(&reading.model);
    let context = Context {
        model: &reading.model,
        analysis: &analysis,
        today: request.today,
        allowed_registries: &session.settings.registries,
    };
    let mut evaluation =
        palisade_patterns::evaluate(&context, &|unit| request.selection.wants(unit.check.id));
    let mut diagnostics = reading.diagnostics.clone();
    diagnostics.extend(analysis.limit());
    let mut comments = Vec::new();
    if request.comments == Comments::Honoured {
        for comment in &reading.suppressions {
            match inline::parse(comment) {
                Ok(comment) => comments.push(comment),
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
    }
    let exceptions: Vec<_> = session
        .settings
        .exceptions
        .iter()
        .filter(|exception| request.selection.wants(exception.scope.check))
        .cloned()
        .collect();
    let found = std::mem::take(&mut evaluation.findings);
    let mut sorted = exceptions::apply(found, &exceptions, &comments, request.today);
    diagnostics.append(&mut sorted.diagnostics);
    let verdict = verdict(session, request, &sorted);
    let mut findings = sorted.findings;
    findings.append(&mut sorted.expired);
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| a.check.cmp(&b.check))
    });
    let counts = session.file_counts();
    let excepted = sorted.excepted.iter().map(|excepted| &excepted.finding);
    Assessment {
        schema_version: SCHEMA_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        next: next(&verdict, &findings, request.fail_on),
        verdict,
        fail_on: request.fail_on,
        estate: Estate::of(&reading.model, counts.read + counts.partial),
        outcomes: Some(Outcomes::measure(&reading.model, &analysis)),
        patterns: PatternLine::all(&evaluation, &findings),
        checks: summaries(findings.iter().chain(excepted)),
        findings,
        excepted: sorted.excepted,
        ending_soon: sorted.ending_soon,
        diagnostics,
        accounts: reading.accounts.clone(),
        elapsed_ms: None,
    }
}

fn verdict(session: &Session, request: &Request, sorted: &Sorted) -> Verdict {
    let counts = session.file_counts();
    let missing = counts.unread + counts.partial;
    if counts.read + missing == 0 {
        return Verdict::NothingToCheck;
    }
    if counts.read + counts.partial == 0 {
        return Verdict::Incomplete {
            reason: "not one file could be read".to_owned(),
        };
    }
    if request.completeness == Completeness::Strict && missing > 0 {
        return Verdict::Incomplete {
            reason: match missing {
                1 => "one file was not read in full".to_owned(),
                many => format!("{many} files were not read in full"),
            },
        };
    }
    let failing = sorted
        .findings
        .iter()
        .filter(|finding| finding.severity >= request.fail_on)
        .count();
    // An exception that is over blocks whatever the severity of what it excepted.
    let failing = failing + sorted.expired.len();
    if failing == 0 {
        Verdict::Passes
    } else {
        Verdict::Fails {
            findings: u32::try_from(failing).unwrap_or(u32::MAX),
        }
    }
}

fn summaries<'a>(findings: impl Iterator<Item = &'a Finding>) -> BTreeMap<String, CheckSummary> {
    let mut checks = BTreeMap::new();
    for finding in findings {
        let id = finding.check.to_string();
        if checks.contains_key(&id) {
            continue;
        }
        if let Some(unit) = find(&id).first() {
            checks.insert(id, CheckSummary::from(&unit.check));
        }
    }
    checks
}

/// The most useful next command: computed fixes before reading matter.
fn next(verdict: &Verdict, findings: &[Finding], fail_on: Severity) -> Option<String> {
    let Verdict::Fails { .. } = verdict else {
        return None;
    };
    let failing = || {
        findings
            .iter()
            .filter(|finding| finding.severity >= fail_on)
    };
    let fixable = failing().filter(|finding| finding.is_fixable()).count();
    match fixable {
        0 => failing()
            .next()
            .map(|worst| format!("palisade explain {}", worst.check)),
        1 => Some("palisade fix --diff   (a computed patch for 1 of these findings)".to_owned()),
        many => Some(format!(
            "palisade fix --diff   (computed patches for {many} of these findings)"
        )),
    }
}
