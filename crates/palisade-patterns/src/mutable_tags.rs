//! Tags that are made to move.

use palisade_model::ImageRef;

/// Whether an image is named by no tag, or by one that is made to move, and by no digest.
pub(crate) fn is_mutable(reference: &ImageRef) -> bool {
    reference.is_mutable()
}
