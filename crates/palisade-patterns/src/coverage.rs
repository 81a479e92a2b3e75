//! Counts coverage.

use palisade_model::Coverage;

/// How many of these are guarded.
pub(crate) fn count<T>(
    entities: impl IntoIterator<Item = T>,
    guarded: impl Fn(&T) -> bool,
) -> Coverage {
    let mut coverage = Coverage::default();
    for entity in entities {
        coverage.applicable = coverage.applicable.saturating_add(1);
        coverage.guarded = coverage.guarded.saturating_add(u32::from(guarded(&entity)));
    }
    coverage
}
