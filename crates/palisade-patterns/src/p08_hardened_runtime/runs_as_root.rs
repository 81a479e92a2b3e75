//! Container may run as user 0.

use palisade_model::{AddedValue, Check, CheckId, Confidence, EdgeKind, Severity};

use crate::build_view::{builds, is_root, last_user};
use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kube_linter, kubescape, trivy};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(8, 4),
        slug: "runs-as-root",
        title: "container may run as user 0",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
        lets: "a process that breaks out of the container is user 0 on the node, and inside it can change every file of the image",
        fix: "set `runAsNonRoot: true` and a `runAsUser` other than 0",
        references: &[
            "CIS Kubernetes Benchmark 1.8: 5.2.7",
            "Pod Security Standards: restricted",
            "NSA/CISA Kubernetes Hardening Guide 1.2: Kubernetes Pod security",
            "NIST SP 800-190: 4.4.3",
        ],
        equivalents: &[
            checkov("CKV_K8S_23"),
            checkov("CKV_K8S_40"),
            checkov("CKV_K8S_29"),
            checkov("CKV_K8S_30"),
            trivy("KSV-0012"),
            trivy("KSV-0105"),
            trivy("KSV-0118"),
            kubescape("C-0013"),
            kubescape("C-0211"),
            kube_linter("run-as-non-root"),
        ],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for view in containers(context).filter(|view| !view.is_non_root()) {
        if let Some(report) = judge(view, context) {
            findings.add(check, report);
        }
    }
}

fn judge(view: ContainerView<'_>, context: &Context<'_>) -> Option<Report> {
    if let Some(user) = view.run_as_user() {
        let report = view.report_at(&user.origin, "runs as user 0");
        return Some(
            report
                .label("user 0 is root")
                .severity(Severity::High)
                .confidence(Confidence::High),
        );
    }
    // What a build file of the same system says about the image is better than a guess.
    let built = built_user_is_root(view, context);
    if built == Some(false) {
        return None;
    }
    let mut report = view
        .report("may run as user 0")
        .label("nothing says that it must not be root")
        .adding(
            &view.container.origin,
            &["securityContext", "runAsNonRoot"],
            AddedValue::Bool(true),
        );
    if built == Some(true) {
        report = report.confidence(Confidence::High);
    }
    if let Some(non_root) = view.run_as_non_root() {
        report = report.related(&non_root.origin, "root is allowed here");
    }
    Some(report)
}

/// Whether the build file that makes the container's image ends as root; `None` when none is known.
fn built_user_is_root(view: ContainerView<'_>, context: &Context<'_>) -> Option<bool> {
    let reference = &view.container.image.as_ref()?.value;
    let model = context.model;
    // INVARIANT: edges are sorted, first of all by kind.
    let first = model
        .edges
        .partition_point(|edge| edge.kind < EdgeKind::Builds);
    let built = model.edges.get(first..).unwrap_or_default();
    let makes_any = |edge: &palisade_model::Edge| edge.kind == EdgeKind::Builds;
    if !built.first().is_some_and(makes_any) {
        return None;
    }
    let image = model
        .images
        .iter()
        .find(|image| image.reference == *reference)?;
    let makes = |edge: &&palisade_model::Edge| edge.kind == EdgeKind::Builds && edge.to == image.id;
    let makers = built.iter().filter(makes);
    let file = |edge: &palisade_model::Edge| {
        builds(context).find(|(pipeline, _)| pipeline.id == edge.from)
    };
    let (_, build) = makers.into_iter().find_map(file)?;
    is_root(last_user(build, build.stages.last()?)?)
}
