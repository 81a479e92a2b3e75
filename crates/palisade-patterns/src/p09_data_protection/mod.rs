//! Classified, encrypted, recoverable data.

use palisade_model::{Coverage, PatternId};

use crate::container_view::is_true;
use crate::context::Context;
use crate::coverage::count;
use crate::registry::Pattern;

mod dataset_not_encrypted;
mod dataset_not_persistent;
mod dataset_unclassified;
mod no_backup;
mod plaintext_dataset_traffic;
mod secret_in_config_map;
mod storage;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::DATA_PROTECTION,
    coverage,
    units: &[
        dataset_not_encrypted::UNIT,
        plaintext_dataset_traffic::UNIT,
        no_backup::UNIT,
        dataset_unclassified::UNIT,
        secret_in_config_map::UNIT,
        dataset_not_persistent::UNIT,
    ],
};

fn coverage(context: &Context<'_>) -> Coverage {
    count(&context.model.datasets, |dataset| {
        dataset.classification.is_some()
            && is_true(dataset.encrypted.as_ref())
            && is_true(dataset.backed_up.as_ref())
    })
}
