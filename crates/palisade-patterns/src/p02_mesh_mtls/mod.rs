//! Encryption and mutual authentication between workloads.

mod client_refused_by_strict_server;
mod client_turns_mtls_off;
mod coverage;
mod external_call_in_plain_text;
mod host_network_in_mesh;
mod linkerd_accepts_unauthenticated;
mod mesh_policy_selects_nothing;
mod modes;
mod no_mesh;
mod no_mesh_wide_default;
mod outbound_traffic_unrestricted;
mod outside_the_mesh;
mod plain_text_accepted;
mod port_mode_without_effect;
mod ports_excluded_from_mesh;
mod rival_peer_authentications;
mod server_certificate_not_verified;

pub(crate) use self::modes::accepts_plain_text;

use palisade_model::PatternId;

use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::MESH_MTLS,
    coverage: coverage::coverage,
    units: &[
        outside_the_mesh::UNIT,
        plain_text_accepted::UNIT,
        client_turns_mtls_off::UNIT,
        no_mesh_wide_default::UNIT,
        ports_excluded_from_mesh::UNIT,
        client_refused_by_strict_server::UNIT,
        port_mode_without_effect::UNIT,
        linkerd_accepts_unauthenticated::UNIT,
        external_call_in_plain_text::UNIT,
        server_certificate_not_verified::UNIT,
        mesh_policy_selects_nothing::UNIT,
        outbound_traffic_unrestricted::UNIT,
        rival_peer_authentications::UNIT,
        host_network_in_mesh::UNIT,
        no_mesh::UNIT,
    ],
};
