//! Tags that move with each release.

use palisade_model::ImageRef;

/// Whether an image is named by no tag, or by one that names no whole version, and by no digest.
pub(crate) fn is_mutable(reference: &ImageRef) -> bool {
    reference.is_mutable()
}
