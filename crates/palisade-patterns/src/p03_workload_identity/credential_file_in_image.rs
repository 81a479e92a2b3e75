//! Build file copies a credential file into the image.

use palisade_model::{BuildCommand, Check, CheckId, Confidence, Severity};

use crate::build_view::steps;
use crate::context::Context;
use crate::finding::Findings;
use crate::registry::{Unit, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(3, 14),
        slug: "credential-file-in-image",
        title: "build file copies a credential file into the image",
        severity: Severity::High,
        confidence: Confidence::Medium,
        lets: "everybody who can pull the image takes the credential out of its layer, also when a later step deletes it",
        fix: "use `RUN --mount=type=secret` for the steps that need it",
        references: &[
            "CIS Docker Benchmark 1.6: 4.10",
            "NIST SP 800-190: 4.1.4",
            "MITRE ATT&CK T1552.001",
        ],
        equivalents: &[trivy("DS-0031")],
    },
    run,
};

/// Names of files that hold credentials and nothing else.
const NAMES: [&str; 14] = [
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".pgpass",
    ".git-credentials",
    ".htpasswd",
    "kubeconfig",
    ".dockercfg",
    ".env",
    "service-account.json",
];

/// Ends of paths that hold credentials.
const ENDS: [&str; 7] = [
    ".aws/credentials",
    ".docker/config.json",
    ".kube/config",
    ".pfx",
    ".p12",
    ".jks",
    "private.key",
];

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for step in steps(context) {
        let (BuildCommand::Copy {
            sources,
            from: None,
        }
        | BuildCommand::Add { sources, .. }) = &step.instruction.command
        else {
            continue;
        };
        for source in sources.iter().filter(|source| holds_credentials(source)) {
            let report = step
                .report(&format!("copies `{source}` into the image"))
                .part(source.as_str())
                .label("stays in the layer");
            findings.add(check, report);
        }
    }
}

fn holds_credentials(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    NAMES.contains(&name) || ENDS.iter().any(|end| path.ends_with(end))
}
