//! What is due: a pure function of the keys, the settings and the time.

use jiff::{SignedDuration, Timestamp};

use super::settings::Settings;
use super::state::{Kind, Record, Stage, State};
use crate::clock::{between, minus, plus};

/// One change that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make a key and publish it.
    Prepare(Kind),
    /// Let a prepared key sign.
    Activate(String),
    /// Forget a key.
    Drop(String),
}

/// The first change that is due, if any; to be asked again after it is made.
pub(crate) fn due(state: &State, settings: &Settings, now: Timestamp) -> Option<Step> {
    let forgotten = state.records.iter().find(|record| is_over(record, now));
    if let Some(record) = forgotten {
        return Some(Step::Drop(record.id.clone()));
    }
    let mut kinds = settings.kinds.iter();
    kinds.find_map(|kind| due_of(state, *kind, settings, now))
}

/// Ended; or never used and, since the clock went back, not valid yet.
fn is_over(record: &Record, now: Timestamp) -> bool {
    now >= record.expires || (record.stage == Stage::Prepared && now < record.not_before)
}

fn due_of(state: &State, kind: Kind, settings: &Settings, now: Timestamp) -> Option<Step> {
    let prepared = state.in_stage(kind, Stage::Prepared);
    let Some(active) = state.active(kind, now) else {
        // Nothing signs: the next key is used as soon as it is published.
        return Some(prepared.map_or(Step::Prepare(kind), |next| Step::Activate(next.id.clone())));
    };
    let Some(next) = prepared else {
        let lifetime = between(active.not_before, active.expires);
        let half = plus(active.not_before, part(lifetime, 2));
        return (now >= half).then_some(Step::Prepare(kind));
    };
    (now >= signs_from(active, next, settings)).then(|| Step::Activate(next.id.clone()))
}

/// When a prepared key is to sign in the place of the one that does.
pub(crate) fn signs_from(active: &Record, next: &Record, settings: &Settings) -> Timestamp {
    let lifetime = between(active.not_before, active.expires);
    let published = plus(next.prepared, settings.publish_ahead);
    let late = minus(active.expires, part(lifetime, 6));
    next.forced.unwrap_or_else(|| late.max(published))
}

fn part(span: SignedDuration, divisor: i64) -> SignedDuration {
    SignedDuration::from_secs(span.as_secs() / divisor)
}

/// When a document is to be replaced: at half of its life, ten per cent of its life earlier or
/// later by chance, so that documents that were made together are not all replaced together.
pub fn rotate_at(not_before: Timestamp, not_after: Timestamp, chance: u64) -> Timestamp {
    let life = i128::from(between(not_before, not_after).as_secs().max(0));
    // 40 to 60 per cent in steps of a thousandth.
    let share = i128::from(chance % 201) + 400;
    let seconds = i64::try_from(life * share / 1000).unwrap_or(i64::MAX);
    plus(not_before, SignedDuration::from_secs(seconds))
}

/// Whether a document is to be replaced now: its time has come, or the clock went back before it.
pub fn is_rotation_due(
    not_before: Timestamp,
    not_after: Timestamp,
    chance: u64,
    now: Timestamp,
) -> bool {
    now < not_before || now >= rotate_at(not_before, not_after, chance)
}
