//! From a system that was read to an assessment with its verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use palisade_analysis::Analysis;
use palisade_analysis::outcomes::Outcomes;
use palisade_model::{Diagnostic, DiagnosticLevel, Exception, Finding, Severity};
use palisade_patterns::{Context, GuardrailReport, Judging, WrittenException, find};
use palisade_report::{Assessment, CheckSummary, Estate, PatternLine, SCHEMA_VERSION, Verdict};

use crate::entries::LoadedEntries;
use crate::exceptions::{self, EXPIRED, Sorted};
use crate::guardrails::{Said, Unanswered};
use crate::policies::Loaded;
use crate::selection::Selection;
use crate::session::Session;
use crate::{guardrails, inline};

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
    /// The moment that policies see, in nanoseconds since 1970.
    pub(crate) now_ns: i64,
}

/// Judges a system.
pub(crate) fn assess(session: &Session, request: &Request) -> Assessment {
    let analysis = Analysis::of(&session.reading.model);
    assess_with(session, &analysis, request)
}

/// Judges a system whose analysis is at hand.
pub(crate) fn assess_with(
    session: &Session,
    analysis: &Analysis<'_>,
    request: &Request,
) -> Assessment {
    let reading = &session.reading;
    let mut diagnostics = reading.diagnostics.clone();
    diagnostics.extend(analysis.limit());
    let mut comments = match request.comments {
        Comments::Honoured => inline::read(&reading.suppressions),
        Comments::Ignored => inline::Comments::default(),
    };
    diagnostics.append(&mut comments.diagnostics);
    let exceptions: Vec<_> = session
        .settings
        .exceptions
        .iter()
        .filter(|exception| request.selection.wants(exception.scope.check))
        .cloned()
        .collect();
    let written = written(&exceptions, &comments, &request.selection);
    let mut guarded = guardrails(session, analysis, request);
    diagnostics.append(&mut guarded.doubts);
    let wanted = |exception: &Exception| request.selection.wants(exception.scope.check);
    guarded.exceptions.retain(wanted);
    let entries = session.entries.iter().flat_map(LoadedEntries::reports);
    guarded.reports.extend(entries);
    let identified = session.identified();
    let context = Context {
        model: &reading.model,
        analysis,
        today: request.today,
        allowed_registries: &session.settings.registries,
        exceptions: &written,
        guardrails: &guarded.reports,
        judging: guarded.judging.as_ref(),
        identified: &identified,
    };
    let mut evaluation = palisade_patterns::evaluate(&context, &|unit| {
        let id = unit.check.id;
        // What an exception covers is judged with the exception, unless that is said to be skipped.
        request.selection.wants(id) || (id == EXPIRED && !request.selection.skips(id))
    });
    let found = std::mem::take(&mut evaluation.findings);
    let exceptions = [exceptions, guarded.exceptions].concat();
    let mut sorted = exceptions::apply(found, &exceptions, &comments.honoured, request.today);
    diagnostics.append(&mut sorted.diagnostics);
    let verdict = verdict(session, request, &sorted);
    let findings = sorted.findings;
    let counts = session.file_counts();
    let excepted = sorted.excepted.iter().map(|excepted| &excepted.finding);
    Assessment {
        schema_version: SCHEMA_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        next: next(&verdict, &findings, request.fail_on),
        verdict,
        fail_on: request.fail_on,
        estate: Estate::of(&reading.model, counts.read + counts.partial),
        outcomes: Some(Outcomes::measure(&reading.model, analysis)),
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

/// Files of policies, and where they judge.
type Files = BTreeMap<Arc<str>, Judging>;

/// What the team's own policies say of the system.
#[derive(Default)]
struct Guarded {
    reports: Vec<GuardrailReport>,
    /// Exceptions in the ecosystems' own forms, for what they cover.
    exceptions: Vec<Exception>,
    /// What is doubtful in the policies.
    doubts: Vec<Diagnostic>,
    /// Files whose policies judged, where there is a folder of policies.
    judging: Option<Files>,
}

fn guardrails(session: &Session, analysis: &Analysis<'_>, request: &Request) -> Guarded {
    let loaded = &session.policies;
    if loaded.sets.is_empty() && loaded.problems.is_empty() {
        return Guarded {
            judging: loaded.has_folder.then(Files::new),
            ..Guarded::default()
        };
    }
    let system = guardrails::system(analysis);
    let said = guardrails::judge(&session.reading.documents, loaded, &system, request.now_ns);
    let doubts = loaded
        .problems
        .iter()
        .filter(|problem| problem.level != DiagnosticLevel::Error);
    let mut doubts: Vec<Diagnostic> = doubts.cloned().collect();
    let cluster_facts = session.settings.cluster_facts;
    doubts.extend(guardrails::waiting(&said, cluster_facts));
    let mut reports = guardrails::reports(&said, loaded, cluster_facts);
    let (mut further, exceptions) = guardrails::excepted(&said, loaded, request.now_ns);
    reports.append(&mut further);
    Guarded {
        reports,
        exceptions,
        doubts,
        judging: Some(judging(loaded, &said, cluster_facts)),
    }
}

/// Files whose policies load, and where they judge.
fn judging(loaded: &Loaded, said: &[Said<'_>], cluster_facts: bool) -> Files {
    let unanswered = guardrails::unanswered(said);
    let broken = loaded.errors().filter_map(|error| error.origin.as_ref());
    let broken: BTreeSet<&str> = broken.map(|origin| &*origin.file).collect();
    let files = loaded.texts.keys();
    let judging = files
        .filter(|file| !broken.contains(&***file))
        .filter_map(|file| {
            let place = match unanswered.get(file) {
                None => Judging::Here,
                Some(Unanswered::Waits) if cluster_facts => Judging::InCluster,
                Some(_) => return None,
            };
            Some((Arc::clone(file), place))
        });
    judging.collect()
}

/// Exceptions and comments about checks that run, to be judged themselves.
fn written(
    exceptions: &[Exception],
    comments: &inline::Comments,
    selection: &Selection,
) -> Vec<WrittenException> {
    let by_comment = comments
        .written
        .iter()
        .filter(|(checks, _)| checks.iter().any(|check| selection.wants(*check)))
        .map(|(_, written)| written.clone());
    let by_file = exceptions.iter().map(exceptions::written);
    by_file.chain(by_comment).collect()
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
    // An exception that is over blocks whatever the severity of what it excepted.
    let fails = |finding: &&Finding| {
        finding.severity >= request.fail_on || exceptions::is_about_one(finding)
    };
    let failing = sorted.findings.iter().filter(fails).count();
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
