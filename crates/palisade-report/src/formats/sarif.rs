//! SARIF 2.1.0 (OASIS), for code scanning.

use palisade_document::{SourceFile, Span};
use palisade_model::{Confidence, Diagnostic, DiagnosticLevel, Finding, Origin, Severity};
use serde_json::{Value, json};

use crate::Texts;
use crate::assessment::{Assessment, CheckSummary, Excepted};
use crate::verdict::Verdict;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What code scanning takes of one run; findings are sorted, so that the least are left out.
const MOST_RESULTS: usize = 25_000;
/// Locations that code scanning takes of one result.
const MOST_RELATED: usize = 100;
/// Tags that code scanning takes of one rule.
const MOST_TAGS: usize = 20;

pub(super) fn render(assessment: &Assessment, texts: &Texts) -> String {
    let rule_ids = rule_ids(assessment);
    let accepted = assessment.excepted.iter();
    let all = assessment
        .findings
        .iter()
        .map(|finding| (finding, None))
        .chain(accepted.map(|excepted| (&excepted.finding, Some(excepted))));
    let results: Vec<Value> = all
        .take(MOST_RESULTS)
        .map(|(finding, excepted)| result(finding, excepted, &rule_ids, texts))
        .collect();
    let mut notifications: Vec<Value> = assessment
        .diagnostics
        .iter()
        .map(|diagnostic| notification(diagnostic, texts))
        .collect();
    let total = assessment.findings.len() + assessment.excepted.len();
    if total > results.len() {
        let text = format!(
            "{} results of {total} are here, the worst first: code scanning takes no more",
            results.len()
        );
        notifications.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    let finished = !matches!(assessment.verdict, Verdict::Incomplete { .. });
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "palisade",
                "semanticVersion": assessment.version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules(&rule_ids, assessment),
            }},
            "automationDetails": { "id": "palisade/" },
            "invocations": [{
                "executionSuccessful": finished,
                "exitCode": assessment.verdict.exit_code(),
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Rules that results name: those of the registry, then those that only a finding tells about.
fn rule_ids(assessment: &Assessment) -> Vec<String> {
    let excepted = assessment.excepted.iter().map(|excepted| &excepted.finding);
    let named = assessment.findings.iter().chain(excepted);
    let mut ids: Vec<String> = named.map(|finding| finding.check.to_string()).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn rules(ids: &[String], assessment: &Assessment) -> Vec<Value> {
    let rule = |id: &String| match assessment.checks.get(id) {
        Some(check) => described(id, check),
        None => json!({ "id": id }),
    };
    ids.iter().map(rule).collect()
}

fn described(id: &str, check: &CheckSummary) -> Value {
    let equivalents: Vec<&str> = check
        .equivalents
        .iter()
        .map(|other| other.id.as_str())
        .collect();
    let mut tags = vec!["security".to_owned()];
    tags.extend(check.references.iter().take(MOST_TAGS - 1).cloned());
    json!({
        "id": id,
        "name": check.slug,
        "shortDescription": { "text": check.title },
        "fullDescription": { "text": check.lets },
        "help": {
            "text": format!("{}\n\npalisade explain {id}", check.fix),
            "markdown": format!("**Lets:** {}\n\n**Fix:** {}\n\n`palisade explain {id}` shows examples.", check.lets, check.fix),
        },
        "defaultConfiguration": { "level": level(check.severity) },
        "properties": {
            "security-severity": security_severity(check.severity),
            "precision": precision(check.confidence),
            "tags": tags,
            "equivalents": equivalents,
        },
    })
}

fn result(
    finding: &Finding,
    excepted: Option<&Excepted>,
    rule_ids: &[String],
    texts: &Texts,
) -> Value {
    let id = finding.check.to_string();
    let index = rule_ids.binary_search(&id).unwrap_or(0);
    let mut related: Vec<Value> = Vec::new();
    for place in &finding.related {
        let mut known = location(&place.origin, texts);
        if let Some(fields) = known.as_object_mut() {
            fields.insert("message".to_owned(), json!({ "text": place.note }));
        }
        related.push(known);
    }
    related.extend(finding.also.iter().map(|origin| location(origin, texts)));
    related.truncate(MOST_RELATED);
    for (at, place) in related.iter_mut().enumerate() {
        if let Some(fields) = place.as_object_mut() {
            fields.insert("id".to_owned(), at.into());
        }
    }
    let mut value = json!({
        "ruleId": id,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": format!("{}. It lets: {}. Fix: {}.", finding.message, finding.lets, finding.fix) },
        "locations": [location(&finding.origin, texts)],
        "partialFingerprints": {
            "palisade/v1": format!("{id}|{}|{}", finding.subject, finding.part),
            // What code scanning tells results apart by: a line that moves keeps its alert.
            "primaryLocationLineHash": format!("{}:1", finding.id),
        },
        "properties": {
            "security-severity": security_severity(finding.severity),
            "severity": finding.severity.word(),
            "subject": finding.subject.as_str(),
            "content": finding.content,
        },
    });
    let Some(fields) = value.as_object_mut() else {
        return value;
    };
    if !related.is_empty() {
        fields.insert("relatedLocations".to_owned(), related.into());
    }
    if let Some(excepted) = excepted {
        let exception = &excepted.exception;
        let justification = format!(
            "{} (owner {}, until {})",
            exception.reason, exception.owner, exception.expires
        );
        let kind = if excepted.inline {
            "inSource"
        } else {
            "external"
        };
        let suppression =
            json!([{ "kind": kind, "status": "accepted", "justification": justification }]);
        fields.insert("suppressions".to_owned(), suppression);
    }
    value
}

fn notification(diagnostic: &Diagnostic, texts: &Texts) -> Value {
    let level = match diagnostic.level {
        DiagnosticLevel::Error => "error",
        DiagnosticLevel::Warning => "warning",
        DiagnosticLevel::Note => "note",
    };
    let locations: Vec<Value> = diagnostic
        .origin
        .iter()
        .map(|origin| location(origin, texts))
        .collect();
    json!({ "level": level, "message": { "text": diagnostic.message }, "locations": locations })
}

fn location(origin: &Origin, texts: &Texts) -> Value {
    let file = texts.get(&*origin.file);
    let column = file.map_or(origin.start.column, |file| column(file, origin.span.start));
    let mut region = json!({ "startLine": origin.start.line, "startColumn": column });
    let end = file.map(|file| end(file, origin));
    if let (Some((line, column)), Some(fields)) = (end, region.as_object_mut()) {
        fields.insert("endLine".to_owned(), line.into());
        fields.insert("endColumn".to_owned(), column.into());
    }
    json!({
        "physicalLocation": {
            "artifactLocation": artifact(&origin.file),
            "region": region,
        },
    })
}

fn end(file: &SourceFile, origin: &Origin) -> (u32, u32) {
    let end = origin.span.end.max(origin.span.start);
    (file.position(end).line, column(file, end))
}

/// Columns count UTF-16 code units from 1, which is what code scanning expects.
fn column(file: &SourceFile, byte: u32) -> u32 {
    let line = file.line_span(file.position(byte).line);
    let before = file.slice(Span::new(line.start, byte.max(line.start)));
    let units = before.encode_utf16().count();
    u32::try_from(units).unwrap_or(u32::MAX).saturating_add(1)
}

/// Paths inside the directory of the run are relative to its root; others are whole.
fn artifact(path: &str) -> Value {
    if path.starts_with('/') {
        return json!({ "uri": format!("file://{}", uri(path)) });
    }
    json!({ "uri": uri(path), "uriBaseId": "%SRCROOT%" })
}

/// A relative reference (RFC 3986): everything but unreserved characters and `/` is encoded.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _infallible = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// Code scanning sorts by a figure in the ranges of CVSS 3 (critical from 9, high from 7, medium
/// from 4); ours are their middles.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn precision(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
}
