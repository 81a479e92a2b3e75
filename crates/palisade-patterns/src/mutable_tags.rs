//! Tags that are made to move.

use palisade_model::ImageRef;

const MOVING: [&str; 16] = [
    "latest",
    "main",
    "master",
    "develop",
    "development",
    "dev",
    "edge",
    "nightly",
    "canary",
    "head",
    "stable",
    "snapshot",
    "unstable",
    "trunk",
    "current",
    "rolling",
];

/// Whether an image is named by no tag, or by one that is made to move, and by no digest.
pub(crate) fn is_mutable(reference: &ImageRef) -> bool {
    let moves = |tag: &String| {
        let tag = tag.to_ascii_lowercase();
        MOVING.contains(&tag.as_str())
    };
    reference.digest.is_none() && reference.tag.as_ref().is_none_or(moves)
}
