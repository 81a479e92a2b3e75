//! An identity for each workload, and no static secret.

use std::collections::BTreeSet;

use palisade_model::{Coverage, NodeId, PatternId};

use crate::context::Context;
use crate::coverage::count;
use crate::registry::Pattern;

mod accounts;
mod credential_file_in_image;
mod default_service_account;
mod literals;
mod long_lived_projected_token;
mod non_expiring_token;
mod password_set_in_build;
mod private_key_committed;
mod registry_credentials_committed;
mod secret_committed;
mod secret_in_environment;
mod secret_literal;
mod secret_objects;
mod shared_identity;
mod static_cloud_key;
mod unneeded_token;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::WORKLOAD_IDENTITY,
    coverage,
    units: &[
        default_service_account::UNIT,
        unneeded_token::UNIT,
        shared_identity::UNIT,
        static_cloud_key::UNIT,
        secret_literal::UNIT,
        secret_in_environment::UNIT,
        non_expiring_token::UNIT,
        long_lived_projected_token::UNIT,
        secret_committed::UNIT,
        registry_credentials_committed::UNIT,
        private_key_committed::UNIT,
        credential_file_in_image::UNIT,
        password_set_in_build::UNIT,
    ],
};

fn coverage(context: &Context<'_>) -> Coverage {
    let with_secret: BTreeSet<NodeId> = literals::literals(context)
        .map(|literal| literal.subject)
        .collect();
    count(&context.model.workloads, |workload| {
        let identified = accounts::account_of(workload) != "default"
            || context.identified.contains(&workload.id);
        identified && !with_secret.contains(&workload.id)
    })
}
