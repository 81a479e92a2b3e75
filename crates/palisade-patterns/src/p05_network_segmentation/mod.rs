//! Default deny between workloads, and only declared flows.

mod admin_policies_of_equal_priority;
mod coverage;
mod declared_call_refused;
mod egress_without_dns;
mod exception_undone;
mod host_network_bypasses_policy;
mod ingress_from_everywhere;
mod internet_to_dataset;
mod isolation;
mod metadata_service_reachable;
mod named_port_unknown;
mod namespace_without_default_deny_egress;
mod namespace_without_default_deny_ingress;
mod peers;
mod policy_cannot_hold;
mod policy_selects_nothing;
mod rule_allows_all_addresses;
mod selectors_split_in_two;

use palisade_model::PatternId;

use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::NETWORK_SEGMENTATION,
    coverage: coverage::coverage,
    units: &[
        namespace_without_default_deny_ingress::UNIT,
        namespace_without_default_deny_egress::UNIT,
        ingress_from_everywhere::UNIT,
        internet_to_dataset::UNIT,
        host_network_bypasses_policy::UNIT,
        policy_selects_nothing::UNIT,
        metadata_service_reachable::UNIT,
        named_port_unknown::UNIT,
        egress_without_dns::UNIT,
        rule_allows_all_addresses::UNIT,
        selectors_split_in_two::UNIT,
        exception_undone::UNIT,
        admin_policies_of_equal_priority::UNIT,
        policy_cannot_hold::UNIT,
        declared_call_refused::UNIT,
    ],
};
