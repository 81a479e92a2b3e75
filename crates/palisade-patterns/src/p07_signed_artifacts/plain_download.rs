//! Build file downloads over plain HTTP.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::commands::downloads;
use crate::build_view::{ShellCommand, runs};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 15),
        slug: "plain-download",
        title: "build file downloads over plain HTTP",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "whoever is on the way between builder and server decides what is in the image",
        fix: "use `https` and check a checksum",
        references: &["CIS Docker Benchmark 1.6: 4.11"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (step, commands) in runs(context) {
        let plain = |command: &ShellCommand| {
            let fetches = downloads(command.program()) || command.program() == "git";
            let mut words = command.arguments().iter();
            fetches
                .then(|| words.find(|word| is_plain(word)).cloned())
                .flatten()
        };
        let Some(address) = commands.iter().find_map(plain) else {
            continue;
        };
        let report = step.report(&format!("downloads `{address}` over plain HTTP"));
        findings.add(check, report.label("neither secret nor genuine"));
    }
}

/// Whether an address is plain HTTP to another machine.
fn is_plain(word: &str) -> bool {
    let host = word.strip_prefix("http://");
    host.is_some_and(|host| {
        !["localhost", "127.", "[::1]"]
            .iter()
            .any(|near| host.starts_with(near))
    })
}
