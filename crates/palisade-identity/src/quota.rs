//! How often one identity may do something, so that others are served.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::clock::between;
use crate::spiffe::SpiffeId;

/// How many identities are remembered; beyond that, those that are full again are forgotten.
const MOST_IDENTITIES: usize = 4096;

/// Keeps account of what identities do.
#[derive(Debug)]
pub(crate) struct Quotas {
    accounts: Mutex<BTreeMap<SpiffeId, Account>>,
    /// How often at once.
    burst: f64,
    /// How often in a second for ever.
    rate: f64,
}

#[derive(Debug)]
struct Account {
    left: f64,
    counted: Timestamp,
}

impl Account {
    fn fill(&mut self, now: Timestamp, burst: f64, rate: f64) {
        // A clock that was set back gives nothing and takes nothing.
        let passed = between(self.counted, now).as_secs_f64().max(0.0);
        self.left = (self.left + passed * rate).min(burst);
        self.counted = now;
    }
}

impl Quotas {
    pub(crate) fn new(burst: f64, rate: f64) -> Self {
        Self {
            accounts: Mutex::default(),
            burst,
            rate,
        }
    }

    /// Whether this identity may do it now; if so, it is counted.
    pub(crate) fn take(&self, id: &SpiffeId, now: Timestamp) -> bool {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MOST_IDENTITIES && !accounts.contains_key(id) {
            accounts.retain(|_, account| {
                account.fill(now, self.burst, self.rate);
                account.left < self.burst
            });
            if accounts.len() >= MOST_IDENTITIES {
                return false;
            }
        }
        let account = accounts.entry(id.clone()).or_insert(Account {
            left: self.burst,
            counted: now,
        });
        account.fill(now, self.burst, self.rate);
        if account.left < 1.0 {
            return false;
        }
        account.left -= 1.0;
        true
    }
}
