//! Applies exceptions and suppression comments to findings, and judges their own end.

use jiff::ToSpan as _;
use jiff::civil::Date;
use palisade_model::{CheckId, Diagnostic, DiagnosticLevel, Exception, ExceptionScope, Finding};
use palisade_patterns::WrittenException;
use palisade_report::Excepted;

use crate::inline::Inline;

/// How long before its end an exception is listed.
const NOTICE_DAYS: i32 = 14;
/// The check that an exception without a future breaks.
pub(crate) const EXPIRED: CheckId = CheckId::new(6, 3);

/// Findings, told apart by what exceptions say.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    /// Findings that count.
    pub(crate) findings: Vec<Finding>,
    /// Findings that are accepted for a while.
    pub(crate) excepted: Vec<Excepted>,
    /// Exceptions in use that end soon, soonest first.
    pub(crate) ending_soon: Vec<Exception>,
    /// What else there is to say about exceptions.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Applies exceptions to findings on a day.
pub(crate) fn apply(
    findings: Vec<Finding>,
    exceptions: &[Exception],
    inline: &[Inline],
    today: Date,
) -> Sorted {
    let mut sorted = Sorted::default();
    lapsed(&findings, exceptions, &mut sorted);
    for finding in findings {
        // An exception about an exception that is over would hide that it is over.
        if is_about_one(&finding) {
            sorted.findings.push(finding);
            continue;
        }
        let by_file = exceptions
            .iter()
            .find(|exception| exception.holds_on(today) && exception.covers(&finding));
        let by_comment = inline
            .iter()
            .find(|comment| today < comment.expires && comment.covers(&finding));
        match (by_file, by_comment) {
            (Some(exception), _) => sorted.except(finding, exception.clone(), false),
            (None, Some(comment)) => {
                let exception = as_exception(comment, &finding);
                sorted.except(finding, exception, true);
            }
            (None, None) => sorted.findings.push(finding),
        }
    }
    sorted.note_ends(today);
    sorted
}

impl Sorted {
    fn except(&mut self, finding: Finding, exception: Exception, inline: bool) {
        self.excepted.push(Excepted {
            finding,
            exception,
            inline,
        });
    }

    fn note_ends(&mut self, today: Date) {
        let notice = today.saturating_add(NOTICE_DAYS.days());
        let mut soon: Vec<Exception> = Vec::new();
        for excepted in &self.excepted {
            let exception = &excepted.exception;
            let known = soon.iter().any(|other| other.origin == exception.origin);
            if exception.expires <= notice && !known {
                soon.push(exception.clone());
            }
        }
        soon.sort_by(|a, b| (a.expires, &a.origin).cmp(&(b.expires, &b.origin)));
        self.ending_soon = soon;
    }
}

/// An exception whose resource is still at fault but has changed is worth a word: it is not
/// honoured, and whoever wrote it should look again.
fn lapsed(findings: &[Finding], exceptions: &[Exception], sorted: &mut Sorted) {
    for exception in exceptions {
        if findings.iter().any(|finding| exception.covers(finding)) {
            continue;
        }
        let changed = findings.iter().any(|finding| {
            finding.check == exception.scope.check
                && finding.subject.as_str() == exception.scope.resource
        });
        let scope = &exception.scope;
        let (level, message, help) = if changed {
            (
                DiagnosticLevel::Warning,
                format!(
                    "this exception has lapsed: `{}` changed since it was written",
                    scope.resource
                ),
                format!(
                    "look at {} there again, then renew the exception or remove it",
                    scope.check
                ),
            )
        } else {
            (
                DiagnosticLevel::Note,
                format!(
                    "this exception covers nothing: {} is not found on `{}`",
                    scope.check, scope.resource
                ),
                "remove it".to_owned(),
            )
        };
        sorted.diagnostics.push(Diagnostic {
            level,
            message,
            origin: Some(exception.origin.clone()),
            help: Some(help),
        });
    }
}

fn as_exception(comment: &Inline, finding: &Finding) -> Exception {
    Exception {
        scope: ExceptionScope {
            check: finding.check,
            resource: finding.subject.to_string(),
            part: finding.part.clone(),
            content: None,
        },
        reason: comment.reason.clone(),
        owner: comment.owner.clone(),
        expires: comment.expires,
        origin: comment.origin.clone(),
    }
}

/// Whether a finding is about an exception that is over.
pub(crate) fn is_about_one(finding: &Finding) -> bool {
    finding.check == EXPIRED
}

/// An exception of the settings as one that is to be judged.
pub(crate) fn written(exception: &Exception) -> WrittenException {
    WrittenException {
        covers: format!(
            "{} on `{}`",
            exception.scope.check, exception.scope.resource
        ),
        owner: Some(exception.owner.clone()),
        expires: Some(exception.expires),
        origin: exception.origin.clone(),
    }
}
