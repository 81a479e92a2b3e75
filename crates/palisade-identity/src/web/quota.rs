//! How often one identity may exchange tokens, so that others are served.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::clock::between;
use crate::spiffe::SpiffeId;

/// Exchanges that may come at once.
const BURST: f64 = 100.0;
/// Exchanges in a second that may go on for ever.
const RATE: f64 = 20.0;
/// How many identities are remembered; beyond that, those that are full again are forgotten.
const MOST_IDENTITIES: usize = 4096;

/// Keeps account of exchanges.
#[derive(Debug, Default)]
pub(super) struct Quotas(Mutex<BTreeMap<SpiffeId, Account>>);

#[derive(Debug)]
struct Account {
    left: f64,
    counted: Timestamp,
}

impl Account {
    fn fill(&mut self, now: Timestamp) {
        // A clock that was set back gives nothing and takes nothing.
        let passed = between(self.counted, now).as_secs_f64().max(0.0);
        self.left = (self.left + passed * RATE).min(BURST);
        self.counted = now;
    }
}

impl Quotas {
    /// Whether this identity may exchange a token now; if so, it is counted.
    pub(super) fn take(&self, id: &SpiffeId, now: Timestamp) -> bool {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MOST_IDENTITIES && !accounts.contains_key(id) {
            accounts.retain(|_, account| {
                account.fill(now);
                account.left < BURST
            });
            if accounts.len() >= MOST_IDENTITIES {
                return false;
            }
        }
        let account = accounts.entry(id.clone()).or_insert(Account {
            left: BURST,
            counted: now,
        });
        account.fill(now);
        if account.left < 1.0 {
            return false;
        }
        account.left -= 1.0;
        true
    }
}
