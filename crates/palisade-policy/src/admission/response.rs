//! The AdmissionReview that goes back.

use std::collections::BTreeMap;

use palisade_document::Document;
use serde_json::{Value, json};

use super::request::RequestFacts;
use super::{Judged, refuses};
use crate::answer::{Answer, Status};
use crate::datum::{Datum, to_json};

/// Longest message of a refusal; an API server shows it to a person.
const MAX_MESSAGE_BYTES: usize = 4096;
/// Longest warning; Kubernetes truncates above 120 characters where there are many.
const MAX_WARNING_BYTES: usize = 240;
/// Most warnings.
const MAX_WARNINGS: usize = 16;

pub(super) fn of(
    facts: &RequestFacts,
    allowed: bool,
    judged: &Judged,
    document: &Document,
) -> Value {
    let mut response = json!({ "uid": facts.uid, "allowed": allowed });
    let refusals: Vec<String> = judged
        .answers
        .iter()
        .filter(|answer| refuses(answer))
        .map(sentence)
        .collect();
    if !allowed {
        response["status"] = json!({
            "code": 403,
            "reason": "Forbidden",
            "message": cut(&refusals.join("; "), MAX_MESSAGE_BYTES),
        });
    }
    let warnings: Vec<String> = judged
        .answers
        .iter()
        .filter(|answer| !refuses(answer))
        .take(MAX_WARNINGS)
        .map(|answer| cut(&sentence(answer), MAX_WARNING_BYTES))
        .collect();
    if !warnings.is_empty() {
        response["warnings"] = json!(warnings);
    }
    let audit = audit_annotations(&judged.answers);
    if !audit.is_empty() {
        response["auditAnnotations"] = json!(audit);
    }
    if let Some(patch) = patch(judged, document).filter(|_| allowed) {
        response["patchType"] = json!("JSONPatch");
        response["patch"] = json!(patch);
    }
    json!({
        "apiVersion": facts.api_version,
        "kind": "AdmissionReview",
        "response": response,
    })
}

/// The JSON patch (RFC 6902) from the object as sent to the object as changed, in base64.
fn patch(judged: &Judged, document: &Document) -> Option<String> {
    use base64::Engine as _;
    let changed = judged.changed.as_ref()?;
    let root = document.roots().next()?;
    let sent = to_json(Datum::Document(root.at(&["request", "object"])?));
    let steps = json_patch::diff(&sent, changed);
    if steps.0.is_empty() {
        return None;
    }
    let text = serde_json::to_string(&steps).ok()?;
    Some(base64::engine::general_purpose::STANDARD.encode(text))
}

/// Counts by status, under names that an audit annotation may have.
fn audit_annotations(answers: &[Answer]) -> BTreeMap<&'static str, String> {
    let mut by_status: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for answer in answers {
        let key = match answer.status {
            Status::Fail => "failed",
            Status::Error => "not-evaluated",
            Status::Warn => "warned",
            Status::Pass | Status::Skip => continue,
        };
        by_status.entry(key).or_default().push(answer.name());
    }
    by_status
        .into_iter()
        .map(|(key, names)| (key, cut(&names.join(","), MAX_MESSAGE_BYTES)))
        .collect()
}

fn sentence(answer: &Answer) -> String {
    match answer.status {
        Status::Error => format!("{}: not evaluated: {}", answer.name(), answer.message),
        _ => format!("{}: {}", answer.name(), answer.message),
    }
}

/// The text up to a bound, on whole characters, with an ellipsis where it was cut.
fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = (0..=bytes - '…'.len_utf8())
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default())
}
