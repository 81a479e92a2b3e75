//! What one caller may take, so that others are served.
//!
//! Callers who run as the same user in the same control group share a quota: one cannot get more
//! by starting processes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tonic::Status;

/// How many quotas are remembered; beyond that, those that are full again are forgotten.
const MOST_QUOTAS: usize = 4096;

/// How much one caller may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time.
    pub connections: u32,
    /// Streams and calls at a time, over all connections.
    pub streams: u32,
    /// Calls that may come at once.
    pub burst: u32,
    /// Calls in a second that may go on for ever.
    pub rate: u32,
    /// Connections of all callers together.
    pub all_connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            streams: 2048,
            burst: 2048,
            rate: 200,
            all_connections: 8192,
        }
    }
}

/// Who shares a quota, in words: a user in a control group, or a broker.
pub(crate) type Owner = String;

/// Keeps account of what callers hold.
#[derive(Debug)]
pub(crate) struct Ledger {
    limits: Limits,
    accounts: Mutex<Accounts>,
}

#[derive(Debug, Default)]
struct Accounts {
    connections: u32,
    owners: BTreeMap<Owner, Account>,
}

#[derive(Debug)]
struct Account {
    connections: u32,
    streams: u32,
    /// Calls that may come now.
    calls: f64,
    counted: Instant,
}

/// A connection that is counted while it lasts.
#[derive(Debug)]
pub(crate) struct Connection {
    ledger: Arc<Ledger>,
    owner: Owner,
}

/// A stream that is counted while it lasts.
#[derive(Debug)]
pub(crate) struct Stream {
    connection: Arc<Connection>,
}

impl Ledger {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            accounts: Mutex::default(),
        })
    }

    /// Counts a connection, unless there are too many.
    pub(crate) fn connect(self: &Arc<Self>, owner: Owner) -> Option<Connection> {
        let mut accounts = self.accounts();
        if accounts.connections >= self.limits.all_connections {
            return None;
        }
        let account = accounts.of(&owner, &self.limits);
        if account.connections >= self.limits.connections {
            return None;
        }
        account.connections = account.connections.saturating_add(1);
        accounts.connections = accounts.connections.saturating_add(1);
        drop(accounts);
        Some(Connection {
            ledger: Arc::clone(self),
            owner,
        })
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Takes one call from the quota.
    pub(crate) fn call(&self) -> Result<(), Status> {
        let limits = &self.ledger.limits;
        let mut accounts = self.ledger.accounts();
        let account = accounts.of(&self.owner, limits);
        account.refill(limits);
        if account.calls < 1.0 {
            return Err(Status::unavailable(format!(
                "{} calls more than {} times a second: slow down and try again",
                self.owner, limits.rate
            )));
        }
        account.calls -= 1.0;
        Ok(())
    }

    /// Takes one call from the quota and counts its stream.
    pub(crate) fn stream(self: &Arc<Self>) -> Result<Stream, Status> {
        self.call()?;
        let limits = &self.ledger.limits;
        let mut accounts = self.ledger.accounts();
        let account = accounts.of(&self.owner, limits);
        if account.streams >= limits.streams {
            return Err(Status::unavailable(format!(
                "{} holds {} streams, which is all it may: close some and try again",
                self.owner, limits.streams
            )));
        }
        account.streams = account.streams.saturating_add(1);
        drop(accounts);
        Ok(Stream {
            connection: Arc::clone(self),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut accounts = self.ledger.accounts();
        accounts.connections = accounts.connections.saturating_sub(1);
        if let Some(account) = accounts.owners.get_mut(&self.owner) {
            account.connections = account.connections.saturating_sub(1);
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let Connection { ledger, owner } = &*self.connection;
        if let Some(account) = ledger.accounts().owners.get_mut(owner) {
            account.streams = account.streams.saturating_sub(1);
        }
    }
}

impl Accounts {
    fn of(&mut self, owner: &Owner, limits: &Limits) -> &mut Account {
        if self.owners.len() >= MOST_QUOTAS && !self.owners.contains_key(owner) {
            self.owners.retain(|_, account| !account.is_fresh(limits));
        }
        self.owners.entry(owner.clone()).or_insert_with(|| Account {
            connections: 0,
            streams: 0,
            calls: f64::from(limits.burst),
            counted: Instant::now(),
        })
    }
}

impl Account {
    fn refill(&mut self, limits: &Limits) {
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.counted);
        let more = passed.as_secs_f64() * f64::from(limits.rate);
        self.calls = (self.calls + more).min(f64::from(limits.burst));
        self.counted = now;
    }

    /// Whether forgetting it changes nothing.
    fn is_fresh(&mut self, limits: &Limits) -> bool {
        self.refill(limits);
        self.connections == 0 && self.streams == 0 && self.calls >= f64::from(limits.burst)
    }
}
