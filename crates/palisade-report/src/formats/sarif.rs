//! SARIF 2.1.0 (OASIS), for code scanning.

use palisade_document::SourceFile;
use palisade_model::{Confidence, Diagnostic, DiagnosticLevel, Finding, Origin, Severity};
use serde_json::{Value, json};

use crate::Texts;
use crate::assessment::{Assessment, CheckSummary, Excepted};
use crate::verdict::Verdict;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(assessment: &Assessment, texts: &Texts) -> String {
    let mut results: Vec<Value> = assessment
        .findings
        .iter()
        .map(|finding| result(finding, None, assessment, texts))
        .collect();
    results.extend(
        assessment
            .excepted
            .iter()
            .map(|excepted| result(&excepted.finding, Some(excepted), assessment, texts)),
    );
    let notifications: Vec<Value> = assessment
        .diagnostics
        .iter()
        .map(|diagnostic| notification(diagnostic, texts))
        .collect();
    let finished = !matches!(assessment.verdict, Verdict::Incomplete { .. });
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "palisade",
                "semanticVersion": assessment.version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules(assessment),
            }},
            "invocations": [{
                "executionSuccessful": finished,
                "exitCode": assessment.verdict.exit_code(),
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
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

fn rules(assessment: &Assessment) -> Vec<Value> {
    let rule = |id: &String| match assessment.checks.get(id) {
        Some(check) => described(id, check),
        None => json!({ "id": id }),
    };
    rule_ids(assessment).iter().map(rule).collect()
}

fn described(id: &str, check: &CheckSummary) -> Value {
    let equivalents: Vec<&str> = check
        .equivalents
        .iter()
        .map(|other| other.id.as_str())
        .collect();
    let mut tags = vec!["security".to_owned()];
    tags.extend(check.references.iter().cloned());
    json!({
        "id": id,
        "name": check.slug,
        "shortDescription": { "text": check.title },
        "fullDescription": { "text": check.lets },
        "help": { "text": format!("{}\n\npalisade explain {id}", check.fix) },
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
    assessment: &Assessment,
    texts: &Texts,
) -> Value {
    let id = finding.check.to_string();
    let index = rule_ids(assessment).binary_search(&id).unwrap_or(0);
    let mut related: Vec<Value> = Vec::new();
    for place in &finding.related {
        let mut known = location(&place.origin, texts);
        if let Some(fields) = known.as_object_mut() {
            fields.insert("message".to_owned(), json!({ "text": place.note }));
        }
        related.push(known);
    }
    related.extend(finding.also.iter().map(|origin| location(origin, texts)));
    let mut value = json!({
        "ruleId": id,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": format!("{}. It lets: {}. Fix: {}.", finding.message, finding.lets, finding.fix) },
        "locations": [location(&finding.origin, texts)],
        "partialFingerprints": {
            "palisade/v1": format!("{id}|{}|{}", finding.subject, finding.part),
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
    let mut region = json!({
        "startLine": origin.start.line,
        "startColumn": origin.start.column,
    });
    let end = texts.get(&*origin.file).map(|file| end(file, origin));
    if let (Some((line, column)), Some(fields)) = (end, region.as_object_mut()) {
        fields.insert("endLine".to_owned(), line.into());
        fields.insert("endColumn".to_owned(), column.into());
    }
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&origin.file) },
            "region": region,
        },
    })
}

fn end(file: &SourceFile, origin: &Origin) -> (u32, u32) {
    let end = file.position(origin.span.end.max(origin.span.start));
    (end.line, end.column)
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
