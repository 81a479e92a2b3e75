//! Guardrails as reviewed code.

use palisade_model::{ControlKind, Coverage, Enforcement, PatternId};

use crate::context::Context;
use crate::coverage::count;
use crate::guardrail::Judging;
use crate::registry::Pattern;

mod admission_audit_only;
mod exception_expired;
mod guardrail_broken;
mod guardrail_exception;
mod guardrail_not_evaluated;
mod no_admission_policy;
mod no_pod_security_level;
mod pod_security;
mod privileged_pod_security_level;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::POLICY_AS_CODE,
    coverage,
    units: &[
        admission_audit_only::UNIT,
        exception_expired::UNIT,
        no_pod_security_level::UNIT,
        privileged_pod_security_level::UNIT,
        no_admission_policy::UNIT,
        guardrail_broken::UNIT,
        guardrail_not_evaluated::UNIT,
        guardrail_exception::UNIT,
    ],
};

fn coverage(context: &Context<'_>) -> Coverage {
    let namespaces = pod_security::declared_namespaces(context)
        .map(|zone| pod_security::level(zone).is_some_and(|level| level != "privileged"));
    let policies = context
        .model
        .active_controls()
        .filter_map(|control| match &control.kind {
            ControlKind::Admission(policy) => {
                let file: &str = &control.origin.file;
                let judges = match context.judging.map(|judging| judging.get(file)) {
                    Some(Some(Judging::InCluster)) => return None,
                    Some(None) => false,
                    Some(Some(Judging::Here)) | None => true,
                };
                Some(judges && policy.enforcement.value == Enforcement::Deny)
            }
            _ => None,
        });
    count(namespaces.chain(policies), |guards| *guards)
}
