//! Splits a state into messages of a bounded size.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::nodes::proto::{Entries, Run, State};

/// Bytes after which another message begins. A single entry or the bundles may be larger.
const FULL: usize = 1 << 20;

/// The messages of a state, in the order that they travel; all but the last say that more follows.
pub(crate) fn parts(mut state: State) -> VecDeque<State> {
    let Some(mut whole) = state.entries.take() else {
        return VecDeque::from([state]);
    };
    let (removed, runs) = (
        std::mem::take(&mut whole.removed),
        std::mem::take(&mut whole.runs),
    );
    let rules = whole.rules.as_ref().map_or(0, Bytes::len);
    state.entries = Some(whole);
    let mut parts = Parts {
        done: VecDeque::new(),
        size: rules.saturating_add(state.bundles.as_ref().map_or(0, Vec::len)),
        last: state,
    };
    for name in removed {
        parts.room(name.len()).removed.push(name);
    }
    for run in runs {
        for entry in run.entries {
            let entries = parts.room(entry.len());
            match entries
                .runs
                .last_mut()
                .filter(|last| last.after == run.after)
            {
                Some(last) => last.entries.push(entry),
                None => entries.runs.push(Run {
                    after: run.after.clone(),
                    entries: vec![entry],
                }),
            }
        }
    }
    parts.done.push_back(parts.last);
    parts.done
}

struct Parts {
    done: VecDeque<State>,
    last: State,
    size: usize,
}

impl Parts {
    /// Where something of this size goes.
    fn room(&mut self, size: usize) -> &mut Entries {
        if self.size >= FULL {
            self.last.more = true;
            self.done.push_back(std::mem::take(&mut self.last));
            self.size = 0;
        }
        self.size = self.size.saturating_add(size);
        self.last.entries.get_or_insert_default()
    }
}
