//! Entry points that authenticate their callers.

use palisade_analysis::exposure::AuthState;
use palisade_model::Coverage;

use crate::context::Context;

pub(super) fn coverage(context: &Context<'_>) -> Coverage {
    let doors = context.analysis.exposure.doors();
    let mut coverage = Coverage::default();
    for entry in &context.model.entry_points {
        if entry.internal {
            continue;
        }
        let mut own = doors
            .iter()
            .filter(|door| door.entry == entry.id)
            .peekable();
        let known = own.peek().is_some();
        let guarded = known
            && own.all(|door| {
                !door.network_allowed || matches!(door.authenticated, AuthState::Authenticated(_))
            });
        coverage.applicable += 1;
        coverage.guarded += u32::from(guarded);
    }
    coverage
}
