//! Pod mounts a path of its node.

use palisade_model::{Check, CheckId, Confidence, Severity, Volume, VolumeSource, Workload};

use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 3),
        slug: "host-path",
        title: "pod mounts a path of its node",
        severity: Severity::Medium,
        confidence: Confidence::High,
        lets: "code in the pod reads or changes files of the node; with a runtime socket or `/` it starts containers of its own and owns the node",
        fix: "mount a volume of the cluster in place of the path of the node, or make the mount read-only and as narrow as can be",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.12",
            "Pod Security Standards: baseline",
            "NIST SP 800-190: 4.5.5",
            "MITRE ATT&CK T1611",
        ],
        equivalents: &[
            checkov("CKV_K8S_27"),
            trivy("KSV-0006"),
            trivy("KSV-0023"),
            trivy("KSV-0121"),
            kubescape("C-0045"),
            kubescape("C-0048"),
            kubescape("C-0074"),
            kube_linter("docker-sock"),
            kube_linter("sensitive-host-mounts"),
            kube_linter("writable-host-mount"),
        ],
    },
    run,
};

/// Sockets that hand out containers of any kind.
const SOCKETS: [&str; 5] = [
    "docker.sock",
    "containerd.sock",
    "crio.sock",
    "cri-dockerd.sock",
    "dockershim.sock",
];

/// Folders that hold the sockets, or credentials and programs of the node.
const SENSITIVE: [&str; 15] = [
    "/etc",
    "/var/run",
    "/run",
    "/var/lib/kubelet",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/etcd",
    "/proc",
    "/sys",
    "/dev",
    "/boot",
    "/root",
    "/home",
    "/usr",
    "/var/log",
];

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for workload in context.model.declarations() {
        for volume in &workload.volumes {
            if let VolumeSource::HostPath { path } = &volume.source {
                findings.add(check, judge(workload, volume, path));
            }
        }
    }
}

fn judge(workload: &Workload, volume: &Volume, path: &str) -> Report {
    let path = if path.len() > 1 {
        path.trim_end_matches('/')
    } else {
        path
    };
    let mounts: Vec<_> = workload
        .containers
        .iter()
        .flat_map(|container| &container.mounts)
        .filter(|mount| mount.volume == volume.name)
        .collect();
    let read_only = !mounts.is_empty() && mounts.iter().all(|mount| mount.read_only);
    let message = format!("`{}` mounts `{path}` of its node", workload.name);
    let mut report = Report::new(&workload.id, &volume.origin, &workload.content, message)
        .part(volume.name.as_str())
        .label("files of the node")
        .severity(severity_of(path, read_only));
    for mount in mounts {
        let note = if mount.read_only {
            "mounted here, read-only"
        } else {
            "mounted here, writable"
        };
        report = report.related(&mount.origin, note);
    }
    report
}

fn severity_of(path: &str, read_only: bool) -> Severity {
    let socket = SOCKETS.iter().any(|socket| path.ends_with(socket));
    let sensitive = SENSITIVE.iter().any(|folder| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    match (socket || path == "/", sensitive, read_only) {
        (true, _, false) => Severity::Critical,
        (true, _, true) if socket => Severity::Critical,
        (true, _, true) | (_, true, false) => Severity::High,
        (_, true, true) | (_, false, false) => Severity::Medium,
        (_, false, true) => Severity::Low,
    }
}
