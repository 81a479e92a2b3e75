//! Least privilege for calls and grants.

mod abilities;
mod administrator_bound;
mod chain_to_administrator;
mod coverage;
mod dangling_binding;
mod dataset_open_to_others;
mod default_account_granted;
mod denied_path_can_be_varied;
mod everybody_bound;
mod expired_grant;
mod http_allow_on_tcp_port;
mod http_deny_on_tcp_port;
mod http_rule_without_waypoint;
mod identity_rule_without_mtls;
mod linkerd_allows_everybody;
mod mesh_allows_everything;
mod mesh_rule_too_wide;
mod mesh_rules;
mod mesh_without_authorization;
mod role_that_escalates;
mod secrets_readable;
mod subjects;
mod token_rule_without_authentication;
mod wildcard_role;

use palisade_model::PatternId;

use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::LEAST_PRIVILEGE_ACCESS,
    coverage: coverage::coverage,
    units: &[
        wildcard_role::UNIT,
        administrator_bound::UNIT,
        role_that_escalates::UNIT,
        chain_to_administrator::UNIT,
        mesh_rule_too_wide::UNIT,
        dataset_open_to_others::UNIT,
        secrets_readable::UNIT,
        dangling_binding::UNIT,
        default_account_granted::UNIT,
        everybody_bound::UNIT,
        http_allow_on_tcp_port::UNIT,
        http_deny_on_tcp_port::UNIT,
        identity_rule_without_mtls::UNIT,
        mesh_allows_everything::UNIT,
        denied_path_can_be_varied::UNIT,
        token_rule_without_authentication::UNIT,
        linkerd_allows_everybody::UNIT,
        mesh_without_authorization::UNIT,
        http_rule_without_waypoint::UNIT,
        expired_grant::UNIT,
    ],
};
