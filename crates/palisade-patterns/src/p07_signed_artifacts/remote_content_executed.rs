//! Build file runs or adds remote content without a checksum.

use palisade_model::{BuildCommand, Check, CheckId, Confidence, Severity};

use super::commands::{downloads, is_shell};
use crate::build_view::{ShellCommand, shell_commands, steps};
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, checkov, hadolint, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 8),
        slug: "remote-content-executed",
        title: "build file runs or adds remote content without a checksum",
        severity: Severity::High,
        confidence: Confidence::High,
        lets: "whoever controls the remote server, or the way to it, decides what is in the image",
        fix: "download to a file, check its checksum or signature, and only then run it; give `ADD` a `--checksum`",
        references: &[
            "CIS Docker Benchmark 1.6: 4.9, 4.11",
            "NIST SP 800-190: 4.1.5",
            "MITRE ATT&CK T1195.002",
        ],
        equivalents: &[
            checkov("CKV_DOCKER_4"),
            trivy("DS-0005"),
            hadolint("DL3020"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for step in steps(context) {
        let report = match &step.instruction.command {
            BuildCommand::Run { script, .. } => {
                let Some(program) = piped_program(&shell_commands(script)) else {
                    continue;
                };
                step.report(&format!("runs what it downloads with `{program}`"))
                    .part("run")
                    .label("nothing checks what comes back")
            }
            BuildCommand::Add {
                sources,
                checksum: false,
            } => {
                let Some(source) = sources.iter().find(|source| is_remote(source)) else {
                    continue;
                };
                step.report(&format!("adds `{source}` without a checksum"))
                    .part("add")
                    .label("nothing checks what comes back")
                    .severity(Severity::Medium)
            }
            _ => continue,
        };
        findings.add(check, report);
    }
}

fn is_remote(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

/// The shell or interpreter that gets what a download writes.
fn piped_program(commands: &[ShellCommand]) -> Option<String> {
    let mut downloading = false;
    for command in commands {
        let program = command.program();
        if command.piped && downloading && is_shell(program) {
            return Some(program.to_owned());
        }
        let inner = |word: &String| {
            ["$(curl", "$(wget", "<(curl", "<(wget", "`curl", "`wget"]
                .iter()
                .any(|start| word.contains(start))
        };
        if (is_shell(program) || program == "source" || program == "eval" || program == ".")
            && command.arguments().iter().any(inner)
        {
            return Some(program.to_owned());
        }
        // A filter between the two passes the download on.
        downloading = downloads(program) || (command.piped && downloading);
    }
    None
}
