//! What happened a moment ago, so that the same refusal is not kept again and again.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::Attributes;

/// How long the same refusal of the same caller is not kept again.
const QUIET: SignedDuration = SignedDuration::from_mins(1);
/// The most refusals that are remembered for that.
const MOST: usize = 4_096;

/// Refusals of the last minute.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<BTreeMap<u64, Timestamp>>);

/// Whether something is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It is.
    Yes,
    /// It was a moment ago.
    Known,
    /// So many different refusals in a minute: the flood is counted, not kept.
    Flood,
}

impl Recent {
    /// Takes note of a refusal.
    pub(crate) fn note(&self, at: Timestamp, key: u64) -> News {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |known: &Timestamp| at.duration_since(*known).abs() < QUIET;
        if recent.get(&key).is_some_and(is_fresh) {
            return News::Known;
        }
        if recent.len() >= MOST {
            recent.retain(|_, known| is_fresh(known));
        }
        if recent.len() >= MOST {
            return News::Flood;
        }
        recent.insert(key, at);
        News::Yes
    }
}

/// A caller, and what else tells one refusal from another.
pub(crate) fn key_of(caller: &Attributes, of: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (name, values) in caller.iter() {
        (name.as_str(), values).hash(&mut hasher);
    }
    of.hash(&mut hasher);
    hasher.finish()
}
