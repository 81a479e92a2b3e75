//! What every policy says of itself: name, severity, and what a breach asks for.

use palisade_model::{Origin, Severity};

use crate::answer::{Answer, Enforcement, Status};
use crate::compiled::RuleSummary;
use crate::datum::Datum;
use crate::error::PolicyError;
use crate::languages::cel::admission::origin;

/// The head of a policy.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) name: String,
    /// Empty for the cluster's policies.
    pub(super) namespace: String,
    pub(super) kind: String,
    title: String,
    severity: Option<Severity>,
    enforcement: Enforcement,
    origin: Option<Origin>,
}

impl Header {
    pub(super) fn read(document: Datum<'_>) -> Self {
        let metadata = document.get("metadata").unwrap_or(Datum::Null);
        let text = |key| metadata.get(key).and_then(Datum::as_text).unwrap_or("");
        let annotation = |key: &str| metadata.get("annotations")?.get(key)?.as_text();
        let kind = document.get("kind").and_then(Datum::as_text).unwrap_or("");
        let namespace = if kind.starts_with("Namespaced") {
            text("namespace")
        } else {
            ""
        };
        let title = annotation("policies.kyverno.io/title").or_else(|| {
            let description = annotation("policies.kyverno.io/description")?;
            description.split('.').next()
        });
        Self {
            name: text("name").to_owned(),
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            title: title.unwrap_or("").trim().to_owned(),
            severity: annotation("policies.kyverno.io/severity").and_then(severity),
            enforcement: enforcement(document.get("spec").unwrap_or(Datum::Null)),
            origin: metadata
                .get("name")
                .and_then(origin)
                .or_else(|| origin(document)),
        }
    }

    pub(super) fn mistake(&self, message: &str) -> PolicyError {
        PolicyError {
            message: message.to_owned(),
            origin: self.origin.clone(),
        }
    }

    pub(super) fn summary(&self) -> RuleSummary {
        RuleSummary {
            policy: self.name.clone(),
            rule: String::new(),
            title: self.title.clone(),
            severity: self.severity,
            enforcement: self.enforcement,
            origin: self.origin.clone(),
            subjects: Vec::new(),
        }
    }

    pub(super) fn answer(&self, status: Status, message: impl Into<String>) -> Answer {
        let mut answer = Answer::new(&self.name, "", status);
        answer.message = message.into();
        answer.enforcement = self.enforcement;
        answer.severity = self.severity;
        answer.defined_at.clone_from(&self.origin);
        answer
    }
}

fn severity(word: &str) -> Option<Severity> {
    Some(match word.to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" => Severity::High,
        "medium" => Severity::Medium,
        "low" | "info" => Severity::Low,
        _ => return None,
    })
}

/// The strongest of `validationActions`; without any, a breach is denied.
fn enforcement(spec: Datum<'_>) -> Enforcement {
    let actions = spec
        .get("validationActions")
        .or_else(|| spec.get("validationAction"));
    let words = actions.into_iter().flat_map(Datum::items);
    let strongest = words.filter_map(|word| match word.as_text() {
        Some("Deny") => Some(Enforcement::Deny),
        Some("Warn") => Some(Enforcement::Warn),
        Some("Audit") => Some(Enforcement::Audit),
        _ => None,
    });
    strongest.max().unwrap_or(Enforcement::Deny)
}
