//! Build file opens files to every user.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::build_view::{ShellCommand, runs};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 27),
        slug: "world-writable-files",
        title: "build file opens files to every user",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "any user in the container changes programs or gains rights through them",
        fix: "give the files to the user that the image runs as, with `COPY --chown` or narrower modes",
        references: &["NIST SP 800-190: 4.1.2"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for (step, commands) in runs(context) {
        let opens = commands
            .iter()
            .filter(|command| command.program() == "chmod");
        let mode = opens
            .flat_map(ShellCommand::arguments)
            .find(|mode| is_open(mode));
        if let Some(mode) = mode {
            let report = step.report(&format!("sets the file mode `{mode}`"));
            findings.add(
                check,
                report.label("open to every user, or runs as its owner"),
            );
        }
    }
}

/// Whether a mode lets everybody write or sets a user id.
fn is_open(mode: &str) -> bool {
    if mode.bytes().all(|byte| byte.is_ascii_digit()) {
        let open = mode.ends_with(['2', '3', '6', '7']);
        let with_id = mode.len() == 4 && mode.starts_with(['2', '4', '6']);
        return mode.len() >= 3 && (open || with_id);
    }
    mode.split(',').any(|part| {
        let everybody = part.starts_with("a+")
            || part.starts_with("o+")
            || part.starts_with("ugo+")
            || part.starts_with('+');
        let writes = everybody && !part.starts_with('+') && part.contains('w');
        let with_id = part.starts_with("u+") && part.contains('s');
        writes || with_id
    })
}
