//! Collects findings: one per root cause.

use std::collections::BTreeMap;

use palisade_model::{
    AddedValue, Addition, Check, CheckId, Confidence, Finding, NodeId, Origin, Patch, Place,
    Severity,
};

/// What a check says about one place; the check's own metadata fills in the rest.
#[derive(Debug, Clone)]
pub struct Report {
    /// The node it is about.
    pub subject: NodeId,
    /// What in the node (a container's name); empty for the whole.
    pub part: String,
    /// Headline: one sentence, lower case, user's names in backticks.
    pub message: String,
    /// Words under the marked source.
    pub label: String,
    /// Where.
    pub origin: Origin,
    /// Digest of the subject's declaration.
    pub content: String,
    /// Severity, where it differs from the check's.
    pub severity: Option<Severity>,
    /// Confidence, where it differs from the check's.
    pub confidence: Option<Confidence>,
    /// Further places.
    pub related: Vec<Place>,
    /// Computed edits.
    pub patches: Vec<Patch>,
    /// What is to be added to the source.
    pub additions: Vec<Addition>,
}

impl Report {
    /// A finding about a whole node.
    pub fn new(
        subject: &NodeId,
        origin: &Origin,
        content: &str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.clone(),
            part: String::new(),
            message: message.into(),
            label: String::new(),
            origin: origin.clone(),
            content: content.to_owned(),
            severity: None,
            confidence: None,
            related: Vec::new(),
            patches: Vec::new(),
            additions: Vec::new(),
        }
    }

    /// Names the part of the node that it is about.
    pub fn part(mut self, part: impl Into<String>) -> Self {
        self.part = part.into();
        self
    }

    /// Sets the words under the marked source.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets another severity than the check's.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Sets another confidence than the check's.
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = Some(confidence);
        self
    }

    /// Adds a further place.
    pub fn related(mut self, origin: &Origin, note: impl Into<String>) -> Self {
        self.related.push(Place {
            origin: origin.clone(),
            note: note.into(),
        });
        self
    }

    /// Says what a mapping of the source lacks; nothing where the place is only near.
    pub fn adding(mut self, mapping: &Origin, path: &[&'static str], value: AddedValue) -> Self {
        if !mapping.near {
            self.additions.push(Addition {
                mapping: mapping.clone(),
                path: path.to_vec(),
                value,
            });
        }
        self
    }

    /// Adds the edit that puts `text` in the place of a scalar; none where the place is
    /// only near.
    pub fn replacing(self, place: &Origin, text: impl Into<String>) -> Self {
        if place.near {
            return self;
        }
        self.patch(Patch {
            file: place.file.to_string(),
            start: place.span.start,
            end: place.span.end,
            replacement: text.into(),
        })
    }

    /// Adds a computed edit.
    pub fn patch(mut self, patch: Patch) -> Self {
        self.patches.push(patch);
        self
    }
}

/// Findings of one evaluation. Two reports of one check about the same subject and part are one
/// finding; the second declaration is kept in `also`.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    /// Place in `found` by check, subject and part.
    known: BTreeMap<(CheckId, NodeId, String), usize>,
}

impl Findings {
    /// Adds what a check says.
    pub fn add(&mut self, check: &Check, report: Report) {
        let key = (check.id, report.subject.clone(), report.part.clone());
        let known = self.known.get(&key).and_then(|at| self.found.get_mut(*at));
        if let Some(known) = known {
            if known.origin != report.origin && !known.also.contains(&report.origin) {
                known.also.push(report.origin);
                // Every declaration is to be mended, or the fault stays.
                known.patches.extend(report.patches);
                known.additions.extend(report.additions);
            }
            return;
        }
        self.known.insert(key, self.found.len());
        self.found.push(Finding {
            id: Finding::id_of(check.id, &report.subject, &report.part),
            check: check.id,
            slug: check.slug.to_owned(),
            severity: report.severity.unwrap_or(check.severity),
            confidence: report.confidence.unwrap_or(check.confidence),
            message: report.message,
            subject: report.subject,
            part: report.part,
            label: report.label,
            origin: report.origin,
            related: report.related,
            also: Vec::new(),
            lets: check.lets.to_owned(),
            fix: check.fix.to_owned(),
            patches: report.patches,
            additions: report.additions,
            content: report.content,
        });
    }

    /// The findings, worst first, then by place.
    pub fn into_sorted(mut self) -> Vec<Finding> {
        self.found.sort_by(|a, b| {
            let worst = b.severity.cmp(&a.severity);
            worst
                .then_with(|| a.check.cmp(&b.check))
                .then_with(|| a.origin.cmp(&b.origin))
                .then_with(|| a.key().cmp(&b.key()))
        });
        self.found
    }
}
