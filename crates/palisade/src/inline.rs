//! Suppression comments: `# palisade:ignore PAL0701 owner=… reason="…" expires=2027-01-31`.
//!
//! They are exceptions that stand beside what they cover, with the same duties: one without owner,
//! reason or end is not honoured.

use jiff::civil::Date;
use palisade_model::{CheckId, Diagnostic, DiagnosticLevel, Finding, Origin};
use palisade_patterns::{Suppression, WrittenException};
use palisade_sources::SuppressionComment;

const FORM: &str =
    "write `palisade:ignore PAL0701 owner=NAME reason=\"why\" expires=2027-01-31` with every part";

/// A comment that is honoured until its end.
#[derive(Debug)]
pub(crate) struct Inline {
    /// Checks that it covers.
    pub(crate) checks: Vec<CheckId>,
    /// Why.
    pub(crate) reason: String,
    /// Who answers for it.
    pub(crate) owner: String,
    /// First day on which it no longer holds.
    pub(crate) expires: Date,
    /// Where the comment stands.
    pub(crate) origin: Origin,
    covers: palisade_document::Span,
}

impl Inline {
    /// Whether it covers this finding, whatever the date: the finding starts in the part of the
    /// same file that the comment belongs to.
    pub(crate) fn covers(&self, finding: &Finding) -> bool {
        let at = finding.origin.span.start;
        self.checks.contains(&finding.check)
            && finding.origin.file == self.origin.file
            && (self.covers.start..self.covers.end).contains(&at)
    }
}

/// What the comments of a system come to.
#[derive(Debug, Default)]
pub(crate) struct Comments {
    /// Those that are honoured until their end.
    pub(crate) honoured: Vec<Inline>,
    /// All that can be read, to be judged.
    pub(crate) written: Vec<(Vec<CheckId>, WrittenException)>,
    /// What cannot be read, or is not honoured.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads every comment.
pub(crate) fn read(comments: &[SuppressionComment]) -> Comments {
    let mut all = Comments::default();
    for comment in comments {
        let wrong = |message: String| Diagnostic {
            level: DiagnosticLevel::Error,
            message,
            origin: Some(comment.origin.clone()),
            help: Some(FORM.to_owned()),
        };
        let read = match Suppression::parse(&comment.text) {
            Ok(read) => read,
            Err(error) => {
                all.diagnostics.push(wrong(error.to_string()));
                continue;
            }
        };
        let written = read.written(&comment.origin);
        all.written.push((read.checks.clone(), written));
        match honoured(read, comment) {
            Ok(inline) => all.honoured.push(inline),
            Err(part) => {
                let sentence = format!("this suppression has no `{part}` and is not honoured");
                all.diagnostics.push(wrong(sentence));
            }
        }
    }
    all
}

fn honoured(read: Suppression, comment: &SuppressionComment) -> Result<Inline, &'static str> {
    Ok(Inline {
        checks: read.checks,
        reason: read.reason.ok_or("reason")?,
        owner: read.owner.ok_or("owner")?,
        expires: read.expires.ok_or("expires")?,
        origin: comment.origin.clone(),
        covers: comment.covers,
    })
}
