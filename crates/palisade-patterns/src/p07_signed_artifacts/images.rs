//! Images as subjects: one finding for each, with all its uses.

use palisade_model::{Image, ImageUse};

use crate::finding::Report;

/// How many uses are named as further places.
const SHOWN: usize = 10;

/// Whether a pod runs or mounts it, rather than only a build starts from it.
pub(super) fn is_run(image: &Image) -> bool {
    let run = |used: &ImageUse| !matches!(used, ImageUse::Base { .. });
    image.uses.iter().any(|used| run(&used.value))
}

/// A report about an image at its first use, with the others as further places.
pub(super) fn report(image: &Image, message: String) -> Report {
    let text = &image.reference.text;
    let mut report = Report::new(&image.id, &image.origin, text, message);
    let others = image.uses.iter().filter(|used| used.origin != image.origin);
    for used in others.take(SHOWN) {
        let note = match &used.value {
            ImageUse::Container { container, .. } => format!("container `{container}` runs it too"),
            ImageUse::Volume { volume, .. } => format!("volume `{volume}` holds it too"),
            ImageUse::Base { .. } => "a build starts from it too".to_owned(),
        };
        report = report.related(&used.origin, note);
    }
    report
}
