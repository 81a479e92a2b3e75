//! Pinned, verified artifacts.

use palisade_model::{Coverage, PatternId};

use crate::context::Context;
use crate::coverage::count;
use crate::registry::Pattern;

mod base_image_not_pinned;
mod commands;
mod image_not_pinned;
mod images;
mod insecure_build_step;
mod mutable_tag;
mod plain_download;
mod registry_not_allowed;
mod remote_content_executed;
mod signatures_not_verified;
mod stale_image_reused;
mod unpinned_package;
mod verification_turned_off;

pub(crate) const PATTERN: Pattern = Pattern {
    id: PatternId::SIGNED_ARTIFACTS,
    coverage,
    units: &[
        image_not_pinned::UNIT,
        mutable_tag::UNIT,
        registry_not_allowed::UNIT,
        signatures_not_verified::UNIT,
        remote_content_executed::UNIT,
        base_image_not_pinned::UNIT,
        stale_image_reused::UNIT,
        unpinned_package::UNIT,
        verification_turned_off::UNIT,
        insecure_build_step::UNIT,
        plain_download::UNIT,
    ],
};

fn coverage(context: &Context<'_>) -> Coverage {
    count(&context.model.images, |image| {
        image.reference.digest.is_some()
    })
}
