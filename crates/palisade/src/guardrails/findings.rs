//! From answers of policies to what the checks of pattern 6 report.

use std::collections::{BTreeMap, BTreeSet};

use palisade_document::{Value, fingerprint};
use palisade_model::{
    CheckId, Diagnostic, Exception, ExceptionScope, NodeId, NodeKind, Origin, Severity,
    WorkloadKind,
};
use palisade_patterns::{GuardrailFault, GuardrailReport};
use palisade_policy::{Answer, End, Enforcement, PolicyException, Status, Subject};

use super::waiting::{Waiting, enforced, is_waiting};
use super::{Judged, Said};
use crate::policies::Loaded;

/// The check that a breach of a policy is.
const GUARDRAIL_BROKEN: CheckId = CheckId::new(6, 20);

/// What policies said of the system, and which of them could say nothing.
/// Rules that wait for facts of a cluster are among the latter, unless the settings say that the
/// cluster has them.
pub(crate) fn reports(
    said: &[Said<'_>],
    loaded: &Loaded,
    cluster_facts: bool,
) -> Vec<GuardrailReport> {
    let mut reports: Vec<GuardrailReport> = loaded.errors().map(unloaded).collect();
    // A rule that cannot be evaluated fails on many documents for one reason: one report.
    let mut unanswered: BTreeMap<(String, String), (GuardrailReport, usize)> = BTreeMap::new();
    let mut note = |said: &Said<'_>, answer: &Answer| {
        let key = (answer.name(), answer.message.clone());
        let first = || (report(said, answer, GuardrailFault::NotEvaluated), 0);
        unanswered.entry(key).or_insert_with(first).1 += 1;
    };
    let known: BTreeSet<&Origin> = loaded
        .errors()
        .filter_map(|error| error.origin.as_ref())
        .collect();
    // A policy that does not load is told once, and not by each of its answers again.
    let is_told = |answer: &Answer| {
        let origin = answer.defined_at.as_ref();
        origin.is_some_and(|origin| known.contains(origin))
    };
    for one in said {
        match &one.answers {
            Ok(answers) => {
                for answer in answers.iter().filter(|answer| !is_waiting(answer)) {
                    match answer.status {
                        Status::Fail | Status::Warn => {
                            reports.push(report(one, answer, GuardrailFault::Broken));
                        }
                        Status::Error if is_told(answer) => {}
                        Status::Error => note(one, answer),
                        Status::Pass | Status::Skip => {}
                    }
                }
            }
            Err(error) => {
                let answer = Answer::error(one.set.name.as_str(), "", error.to_string());
                note(one, &answer);
            }
        }
    }
    if !cluster_facts {
        reports.extend(enforced(said).values().map(unjudging));
    }
    for (_, (mut report, count)) in unanswered {
        if count > 1 {
            report.message = format!("{} ({count} times)", report.message);
        }
        reports.push(report);
    }
    reports
}

/// What exceptions of the ecosystems leave out although it was asked, as breaches with the
/// exceptions that cover them, so that reports list them like any other; and the exceptions that
/// nobody answers for or that have no end ahead.
pub(crate) fn excepted(
    said: &[Said<'_>],
    loaded: &Loaded,
    now_ns: i64,
) -> (Vec<GuardrailReport>, Vec<Exception>) {
    let (mut reports, mut exceptions) = (Vec::new(), Vec::new());
    for one in said {
        for answer in one.answers.iter().flatten() {
            let Some(exception) = &answer.exception else {
                continue;
            };
            let mut left_out = answer.clone();
            left_out.status = Status::Fail;
            let mut report = report(one, &left_out, GuardrailFault::Broken);
            let (Some(owner), End::On(expires)) = (&exception.owner, &exception.end) else {
                // Told beside PAL0622, which fails the run: somebody has to decide about it.
                let name = &exception.name;
                report.label = format!("left out by the exception `{name}` that nobody reviewed");
                report.severity = report.severity.map(|known| known.min(Severity::Medium));
                reports.push(report);
                continue;
            };
            let reason = exception.reason.as_deref().unwrap_or("no reason given");
            exceptions.push(Exception {
                scope: ExceptionScope {
                    check: GUARDRAIL_BROKEN,
                    resource: report.subject.to_string(),
                    part: report.part.clone(),
                    content: Some(report.content.clone()),
                },
                reason: reason.to_owned(),
                owner: owner.clone(),
                expires: *expires,
                origin: exception.origin.clone(),
            });
            reports.push(report);
        }
    }
    let written = loaded.sets.iter().flat_map(|set| set.compiled.exceptions());
    reports.extend(written.filter_map(|exception| unreviewed(exception, now_ns)));
    (reports, exceptions)
}

/// An exception that is over, or lacks what a review gives it.
fn unreviewed(exception: &PolicyException, now_ns: i64) -> Option<GuardrailReport> {
    let fault = match (&exception.owner, &exception.end) {
        (_, End::Unreadable(text)) => {
            format!("does not hold: its end `{text}` is no day; write it as 2027-01-31")
        }
        (_, End::On(day)) if !exception.holds(Some(now_ns)) => {
            format!("does not hold any more: it ended on {day}")
        }
        (None, End::Missing) => "has neither owner nor end".to_owned(),
        (None, End::On(_)) => "has no owner".to_owned(),
        (Some(_), End::Missing) => "has no end".to_owned(),
        (Some(_), End::On(_)) => return None,
    };
    let name = &exception.name;
    Some(GuardrailReport {
        fault: GuardrailFault::ExceptionUnreviewed,
        subject: NodeId::new(NodeKind::Control, &format!("policy-exception/{name}")),
        part: String::new(),
        message: format!("the exception `{name}` {fault}"),
        label: match &exception.owner {
            Some(owner) => format!("`{owner}` answers for it"),
            None => "nobody answers for it".to_owned(),
        },
        origin: exception.origin.clone(),
        content: String::new(),
        severity: None,
        rule: None,
    })
}

/// A rule whose author enforces it, and that waits for facts which nobody supplied.
fn unjudging(rule: &Waiting<'_>) -> GuardrailReport {
    let mut report = report(rule.said, rule.answer, GuardrailFault::NotEvaluated);
    report.part = rule.answer.name();
    report.message = rule.sentence();
    "what it asks for is not known here; give it with `[policies] objects`, or leave it to the cluster with `cluster-facts = true`"
        .clone_into(&mut report.label);
    report
}

fn unloaded(problem: &Diagnostic) -> GuardrailReport {
    let origin = problem.origin.clone().unwrap_or_else(Origin::nowhere);
    GuardrailReport {
        fault: GuardrailFault::NotEvaluated,
        subject: NodeId::new(NodeKind::Control, &format!("policy/{}", origin.file)),
        part: origin.span.start.to_string(),
        message: format!("a policy does not load: {}", problem.message),
        label: "this keeps the policy from judging anything".to_owned(),
        origin,
        content: String::new(),
        severity: None,
        rule: None,
    }
}

fn report(said: &Said<'_>, answer: &Answer, fault: GuardrailFault) -> GuardrailReport {
    let (subject, origin, content) = subject(said, answer);
    let sentence = one_sentence(&answer.message);
    let name = answer.name();
    GuardrailReport {
        fault,
        subject,
        part: part(answer, said.about.is_none()),
        message: match fault {
            GuardrailFault::NotEvaluated => {
                format!("policy `{name}` could not be evaluated: {sentence}")
            }
            GuardrailFault::Broken | GuardrailFault::ExceptionUnreviewed => {
                format!("policy `{name}`: {sentence}")
            }
        },
        label: if said.about.is_none() {
            "asked of the whole system".to_owned()
        } else if answer.path.is_empty() {
            "judged here".to_owned()
        } else {
            format!("`{}` breaks it", answer.path)
        },
        origin,
        content,
        severity: (fault == GuardrailFault::Broken).then(|| severity(answer)),
        rule: answer.defined_at.clone().filter(|_| said.about.is_some()),
    }
}

/// What an answer is about: the node or document, the place, and the digest of its content.
fn subject(said: &Said<'_>, answer: &Answer) -> (NodeId, Origin, String) {
    let Some(judged) = &said.about else {
        let origin = answer.defined_at.clone();
        return (
            NodeId::new(NodeKind::Control, &format!("policy/{}", answer.name())),
            origin.unwrap_or_else(Origin::nowhere),
            String::new(),
        );
    };
    let place = answer.place.as_ref().map(|place| judged.place(place));
    let whole = || judged.read.origin(judged.value.span());
    (
        identity(judged),
        place.unwrap_or_else(whole),
        fingerprint(judged.value).to_string(),
    )
}

fn identity(judged: &Judged<'_>) -> NodeId {
    let text = |path: &[&str]| judged.value.at(path).and_then(Value::as_str);
    if judged.subject != Subject::KubernetesObject {
        return NodeId::new(NodeKind::Document, judged.read.document.file().path());
    }
    let kind = text(&["kind"]).unwrap_or_default();
    let name = text(&["metadata", "name"])
        .or_else(|| text(&["metadata", "generateName"]))
        .unwrap_or_default();
    let namespace = text(&["metadata", "namespace"]).unwrap_or("default");
    let is_workload = WorkloadKind::KUBERNETES
        .iter()
        .any(|known| known.name() == kind);
    let node = if is_workload {
        NodeKind::Workload
    } else {
        NodeKind::Document
    };
    NodeId::new(node, &format!("{namespace}/{name}[{kind}]"))
}

/// A rule may find several things in one document; those of one place are one finding.
fn part(answer: &Answer, is_about_system: bool) -> String {
    if answer.path.is_empty() || is_about_system {
        format!("{} {}", answer.name(), one_sentence(&answer.message))
    } else {
        format!("{} {}", answer.name(), answer.path)
    }
}

/// Whether a breach blocks is its author's word; how severe it is among those that block, or
/// among those that do not, is the policy's own.
fn severity(answer: &Answer) -> Severity {
    let said = answer.severity;
    let blocks = answer.status == Status::Fail && answer.enforcement >= Enforcement::Overridable;
    if blocks {
        said.unwrap_or(Severity::High).max(Severity::High)
    } else {
        let otherwise = match answer.enforcement {
            Enforcement::Audit => Severity::Low,
            _ => Severity::Medium,
        };
        said.unwrap_or(otherwise).min(Severity::Medium)
    }
}

/// The first lines of a policy's message as one line.
fn one_sentence(message: &str) -> String {
    const MAX_CHARS: usize = 400;
    let joined = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text: String = joined.chars().take(MAX_CHARS).collect();
    if joined.chars().nth(MAX_CHARS).is_some() {
        text.push('…');
    }
    text
}
