//! Traffic to a dataset is not known to be encrypted.

use palisade_model::{Check, CheckId, Confidence, Severity};

use super::storage::hints_at_tls;
use crate::context::Context;
use crate::finding::{Findings, Report};
use crate::registry::Unit;

pub(crate) const UNIT: Unit = Unit {
    check: Check {
        id: CheckId::new(9, 3),
        slug: "plaintext-dataset-traffic",
        title: "traffic to a dataset is not known to be encrypted",
        severity: Severity::Medium,
        confidence: Confidence::Low,
        lets: "whoever can listen on the network between the workloads reads data and passwords",
        fix: "turn TLS on in the data store, or put it and its clients into the mesh",
        references: &["NIST SP 800-53r5: SC-8", "NIST SP 800-204: MS-SS-4"],
        equivalents: &[],
    },
    run,
};

fn run(check: &Check, context: &Context<'_>, findings: &mut Findings) {
    for dataset in &context.model.datasets {
        let Some(server) = dataset
            .served_by
            .as_ref()
            .and_then(|id| context.model.workload(id))
        else {
            continue;
        };
        if server.mesh.is_member() || hints_at_tls(server) {
            continue;
        }
        let message = format!("nothing encrypts the traffic to dataset `{}`", dataset.name);
        let report = Report::new(&dataset.id, &dataset.origin, &dataset.content, message)
            .label("in no mesh, and no sign of TLS")
            .related(&server.origin, format!("`{}` serves it", server.name));
        findings.add(check, report);
    }
}
