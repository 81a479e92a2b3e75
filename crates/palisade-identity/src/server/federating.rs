//! Keeps what other trust domains publish: what is read goes into the store, so that every server
//! and every agent has it, and what is in the store proves the next reading.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::Server;
use crate::spiffe::Bundles;
use crate::web::{Federated, Federation, accept_bundle};
use crate::{Issuer as _, TrustDomain};

/// How long a bundle that could not be kept waits for the next attempt.
const AGAIN: Duration = Duration::from_secs(5);

impl Server {
    /// What is read of these trust domains, beginning with the bundles that are known.
    pub fn federation(&self, endpoints: impl IntoIterator<Item = Federated>) -> Federation {
        let known = self.engine.bundles().borrow().as_ref().clone();
        Federation::new(endpoints, known, Arc::clone(&self.clock))
    }

    /// Reads bundles as often as they say and keeps them, until `stop` is ready. What goes wrong
    /// is told at every look.
    pub async fn federate(&self, federation: Arc<Federation>, stop: impl Future<Output = ()>) {
        let say = Arc::clone(&self.say);
        let failed = move |trust_domain: &TrustDomain, error: &crate::web::FetchError| {
            say(&format!(
                "the bundle of `{trust_domain}` stays as it is: {error}"
            ));
        };
        tokio::select! {
            () = Arc::clone(&federation).run(stop, failed) => {}
            () = self.keep_in_step(&federation) => {}
        }
    }

    /// Joins what is read and what is known, each trust domain by itself: what was read goes into
    /// the store, and what others changed there is what the next reading begins with.
    async fn keep_in_step(&self, federation: &Federation) {
        let mut read = federation.subscribe();
        let mut known = self.engine.bundles();
        let mut joined = read.borrow_and_update().as_ref().clone();
        let mut is_done = true;
        loop {
            if is_done {
                let changed = tokio::select! {
                    changed = read.changed() => changed,
                    changed = known.changed() => changed,
                };
                if changed.is_err() {
                    return;
                }
            } else {
                tokio::time::sleep(AGAIN).await;
            }
            let now = Arc::clone(&read.borrow_and_update());
            is_done = self.keep_read(federation, &now, &mut joined).await;
            let now = Arc::clone(&known.borrow_and_update());
            let names: BTreeSet<TrustDomain> = joined.keys().chain(now.keys()).cloned().collect();
            for name in &names {
                let (before, after) = (joined.get(name), now.get(name));
                if before != after && federation.take_over(name, before, after) {
                    match after {
                        Some(bundle) => joined.insert(name.clone(), Arc::clone(bundle)),
                        None => joined.remove(name),
                    };
                }
            }
        }
    }

    /// Whether everything that was read since is kept.
    async fn keep_read(
        &self,
        federation: &Federation,
        now: &Bundles,
        joined: &mut Bundles,
    ) -> bool {
        let own = self.trust_domain();
        let mut is_done = true;
        for name in federation.trust_domains().filter(|name| *name != own) {
            let Some(read) = now.get(name).filter(|read| joined.get(name) != Some(*read)) else {
                continue;
            };
            let known = self.engine.bundles().borrow().get(name).cloned();
            // Another server may have read a later one; that one is taken over then.
            let is_later = accept_bundle(known.as_deref(), read).is_ok();
            if is_later && known.as_ref() != Some(read) {
                if let Err(error) = self.set_bundle(read).await {
                    (self.say)(&format!(
                        "the bundle of `{name}` was read and cannot be kept: {error}"
                    ));
                    is_done = false;
                    continue;
                }
                (self.say)(&format!("the bundle of `{name}` has changed"));
            }
            joined.insert(name.clone(), Arc::clone(read));
        }
        is_done
    }
}
