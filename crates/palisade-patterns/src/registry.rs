//! The one list of patterns and checks.

use palisade_model::{Check, Coverage, Equivalent, PatternId, Tool};

use crate::context::Context;
use crate::finding::Findings;
use crate::{
    p01_identity_aware_ingress, p02_mesh_mtls, p03_workload_identity, p04_least_privilege_access,
    p05_network_segmentation, p06_policy_as_code, p07_signed_artifacts, p08_hardened_runtime,
    p09_data_protection, p10_declarative_delivery, p11_stitched_telemetry, p12_automated_response,
};

/// A check with its code.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    /// What it is.
    pub check: Check,
    /// What it does.
    pub run: fn(&Check, &Context<'_>, &mut Findings),
}

/// A pattern with its checks.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// Number.
    pub id: PatternId,
    /// How much of the system it guards.
    pub coverage: fn(&Context<'_>) -> Coverage,
    /// Its checks, by number.
    pub units: &'static [Unit],
}

const PATTERNS: [Pattern; 12] = [
    p01_identity_aware_ingress::PATTERN,
    p02_mesh_mtls::PATTERN,
    p03_workload_identity::PATTERN,
    p04_least_privilege_access::PATTERN,
    p05_network_segmentation::PATTERN,
    p06_policy_as_code::PATTERN,
    p07_signed_artifacts::PATTERN,
    p08_hardened_runtime::PATTERN,
    p09_data_protection::PATTERN,
    p10_declarative_delivery::PATTERN,
    p11_stitched_telemetry::PATTERN,
    p12_automated_response::PATTERN,
];

/// All twelve, in order.
pub fn patterns() -> &'static [Pattern] {
    &PATTERNS
}

/// The same question in Checkov.
pub(crate) const fn checkov(id: &'static str) -> Equivalent {
    Equivalent {
        tool: Tool::Checkov,
        id,
    }
}

/// The same question in Trivy.
pub(crate) const fn trivy(id: &'static str) -> Equivalent {
    Equivalent {
        tool: Tool::Trivy,
        id,
    }
}

/// The same question in Kubescape.
pub(crate) const fn kubescape(id: &'static str) -> Equivalent {
    Equivalent {
        tool: Tool::Kubescape,
        id,
    }
}

/// The same question in kube-linter.
pub(crate) const fn kube_linter(id: &'static str) -> Equivalent {
    Equivalent {
        tool: Tool::KubeLinter,
        id,
    }
}

/// The same question in hadolint.
pub(crate) const fn hadolint(id: &'static str) -> Equivalent {
    Equivalent {
        tool: Tool::Hadolint,
        id,
    }
}

/// The check of an id, a slug, or another tool's id (`CKV_K8S_16`, `KSV-0017`), whatever its case.
pub fn find(name: &str) -> Vec<&'static Unit> {
    let known = |unit: &&Unit| {
        let check = &unit.check;
        check.id.to_string().eq_ignore_ascii_case(name)
            || check.slug.eq_ignore_ascii_case(name)
            || check
                .equivalents
                .iter()
                .any(|other| other.id.eq_ignore_ascii_case(name))
    };
    patterns()
        .iter()
        .flat_map(|pattern| pattern.units)
        .filter(known)
        .collect()
}
