//! Node may start an old copy of a moving image.

use palisade_model::{Check, CheckId, Confidence, Severity};

use crate::container_view::{ContainerView, containers};
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::{Unit, checkov, kubescape};

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(7, 11),
        slug: "stale-image-reused",
        title: "node may start an old copy of a moving image",
        severity: Severity::Low,
        confidence: Confidence::High,
        lets: "nodes run different images under one name, and a fixed image is not pulled",
        fix: "pin the image by its digest, or set `imagePullPolicy: Always`",
        references: &["NIST SP 800-190: 4.2.2"],
        equivalents: &[checkov("CKV_K8S_15"), kubescape("C-0075")],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for report in containers(context).filter_map(judge) {
        findings.add(check, report);
    }
}

fn judge(view: ContainerView<'_>) -> Option<Report> {
    let image = view.container.image.as_ref()?;
    if !crate::mutable_tags::is_mutable(&image.value) {
        return None;
    }
    let what = format!(
        "keeps old copies of the moving image `{}`",
        image.value.text
    );
    let Some(policy) = &view.container.pull_policy else {
        // Without a policy `latest`, written or not, is pulled at every start; other tags are not.
        let tag = image.value.tag.as_deref().unwrap_or("latest");
        return (tag != "latest").then(|| {
            view.report_at(&image.origin, &what)
                .label("pulled once for each node")
        });
    };
    (policy.value != "Always").then(|| {
        view.report_at(&policy.origin, &what)
            .label("not pulled again")
            .related(&image.origin, "the image can move")
            .replacing(&policy.origin, "Always")
    })
}
