//! Service accounts of workloads: which one, whether its token is mounted, what is granted to it.

use palisade_model::Workload;

use crate::context::Context;

/// The name of the service account that a workload runs as.
pub(super) fn account_of(workload: &Workload) -> &str {
    workload
        .service_account
        .as_ref()
        .map_or("default", |account| account.value.as_str())
}

/// Whether the token for the API server is mounted: the pod's word goes before the account's.
pub(super) fn mounts_token(context: &Context<'_>, workload: &Workload) -> bool {
    if let Some(fact) = &workload.automount_token {
        return fact.value;
    }
    let account = context
        .model
        .account(&workload.namespace, account_of(workload));
    account
        .and_then(|identity| identity.automount_token.as_ref())
        .is_none_or(|fact| fact.value)
}

/// Whether any binding grants something to the account, by name or through a group of accounts.
pub(super) fn has_grants(context: &Context<'_>, workload: &Workload) -> bool {
    let privileges = &context.analysis.privileges;
    privileges.is_bound(&workload.namespace, account_of(workload))
}
