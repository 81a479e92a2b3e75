//! Identity at the front door.

mod admin_surface_exposed;
mod admin_surfaces;
mod any_host;
mod backend_missing;
mod coverage;
mod door_beside_the_ingress;
mod doors;
mod external_address;
mod ingress_snippet;
mod no_rate_limit;
mod old_tls_version;
mod plain_http_entry_point;
mod tls_passed_through;
mod token_forwarded;
mod token_not_required;
mod token_without_audience;
mod unauthenticated_entry_point;

use palisade_model::PatternId;

use crate::registry::Pattern;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::IDENTITY_AWARE_INGRESS,
    coverage: coverage::coverage,
    units: &[
        unauthenticated_entry_point::UNIT,
        plain_http_entry_point::UNIT,
        door_beside_the_ingress::UNIT,
        token_without_audience::UNIT,
        token_not_required::UNIT,
        admin_surface_exposed::UNIT,
        old_tls_version::UNIT,
        no_rate_limit::UNIT,
        any_host::UNIT,
        backend_missing::UNIT,
        ingress_snippet::UNIT,
        external_address::UNIT,
        tls_passed_through::UNIT,
        token_forwarded::UNIT,
    ],
};
