//! Exception that is over, or that nobody answers for.

use palisade_model::{Check, CheckId, Confidence, NodeId, NodeKind, Severity};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;
use crate::suppression::WrittenException;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(6, 3),
        slug: "exception-expired",
        title: "exception that is over, or without owner or end",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "a risk that was accepted for a while stays for good, and nobody decides about it",
        fix: "remove what it excepts, or review it and give it an owner and a new end",
        references: &["NIST SP 800-53r5: CA-5", "NIST SP 800-53r5: RA-7"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for exception in context.exceptions {
        let Some(fault) = fault(exception, context) else {
            continue;
        };
        let origin = &exception.origin;
        let name = format!("exception/{}:{}", origin.file, origin.start.line);
        let subject = NodeId::new(NodeKind::Control, &name);
        let message = format!("the exception for {} {fault}", exception.covers);
        let label = match &exception.owner {
            Some(owner) => format!("`{owner}` answers for it"),
            None => "nobody answers for it".to_owned(),
        };
        findings.add(
            check,
            Report::new(&subject, origin, "", message).label(label),
        );
    }
}

fn fault(exception: &WrittenException, context: &Context<'_>) -> Option<String> {
    match (&exception.owner, exception.expires) {
        (None, _) => Some("has no owner and is not honoured".to_owned()),
        (Some(_), None) => Some("has no end and is not honoured".to_owned()),
        (Some(_), Some(end)) => (context.today >= end).then(|| format!("ended on {end}")),
    }
}
