//! The memory of an evaluation.
//!
//! The engine's allocator counts the bytes of the process, and the engine looks at that count as
//! it goes on; threads publish what they count in steps of a mebibyte. The bound is a trip wire for
//! all: an evaluation that trips it and gives back less than its budget was not the one that took
//! the memory, and is asked again under a bound that is raised.

use std::cell::Cell;

use regorus::{LimitError, Value};
use regorus_mimalloc::global_allocation_stats_snapshot;

/// How often an evaluation is asked again when others take the memory.
pub(super) const MAX_TRIES: u32 = 4;
/// Evaluations of a thread between looks at whether the bound lies too high.
const LOOK_EVERY: u32 = 64;
/// Bytes that a value takes beside its text.
const NODE: usize = 32;
/// Largest value that is said or handed over, in bytes.
const MAX_VALUE: usize = 256 << 20;

thread_local! {
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

fn used() -> u64 {
    global_allocation_stats_snapshot().allocated
}

/// Sets the bound of the process where there is none, or one far beyond what is used.
pub(super) fn begin(budget: usize) {
    let asked = ASKED.get();
    ASKED.set(asked.wrapping_add(1));
    if asked.is_multiple_of(LOOK_EVERY) {
        let wanted = used().saturating_add(budget as u64);
        let limit = regorus::global_memory_limit();
        if limit.is_none_or(|limit| limit > wanted.saturating_add(budget as u64)) {
            regorus::set_global_memory_limit(Some(wanted));
        }
    }
}

/// What an error says about memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tripped {
    /// Nothing.
    No,
    /// The evaluation took its budget.
    Itself,
    /// Others did, or the process had grown; the bound is raised.
    Others,
}

/// Who took the memory, now that the evaluation has given back what it had.
pub(super) fn tripped(error: &anyhow::Error, budget: usize) -> Tripped {
    let Some(LimitError::MemoryLimitExceeded { usage, .. }) = error.downcast_ref::<LimitError>()
    else {
        return Tripped::No;
    };
    let (now, budget) = (used(), budget as u64);
    if usage.saturating_sub(now) >= budget / 4 * 3 {
        return Tripped::Itself;
    }
    regorus::set_global_memory_limit(Some(now.saturating_add(budget)));
    Tripped::Others
}

/// Whether a value is small enough to be said as a text: parts that it shares count each time.
pub(super) fn is_bounded(value: &Value) -> bool {
    let mut left = MAX_VALUE;
    weigh(value, &mut left)
}

fn weigh(value: &Value, left: &mut usize) -> bool {
    let text = match value {
        Value::String(text) => text.len(),
        _ => 0,
    };
    let Some(rest) = left.checked_sub(NODE + text) else {
        return false;
    };
    *left = rest;
    match value {
        Value::Array(items) => items.iter().all(|item| weigh(item, left)),
        Value::Set(items) => items.iter().all(|item| weigh(item, left)),
        Value::Object(entries) => entries
            .iter()
            .all(|(key, value)| weigh(key, left) && weigh(value, left)),
        _ => true,
    }
}
