//! Keeps what other trust domains publish: what is read goes into the store, so that every server
//! and every agent has it, and what is in the store proves the next reading.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::Server;
use crate::web::{Federated, Federation};
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

    async fn keep_in_step(&self, federation: &Federation) {
        let mut read = federation.subscribe();
        let mut known = self.engine.bundles();
        // What stood in the store when this began is what reading began with.
        known.mark_unchanged();
        loop {
            let is_read = tokio::select! {
                changed = read.changed() => changed.map(|()| true),
                changed = known.changed() => changed.and_then(|()| read.has_changed()),
            };
            let Ok(is_read) = is_read else {
                return;
            };
            // What was just read comes before what was known; it is in the store afterwards.
            if is_read {
                let bundles = Arc::clone(&read.borrow_and_update());
                if !self.keep_read(federation, &bundles).await {
                    tokio::time::sleep(AGAIN).await;
                    read.mark_changed();
                    continue;
                }
            }
            let bundles = Arc::clone(&known.borrow_and_update());
            federation.take_over(&bundles);
        }
    }

    /// Whether everything that was read is kept.
    async fn keep_read(&self, federation: &Federation, bundles: &crate::spiffe::Bundles) -> bool {
        let known = Arc::clone(&self.engine.bundles().borrow());
        let own = self.trust_domain();
        for trust_domain in federation.trust_domains().filter(|name| *name != own) {
            let Some(read) = bundles.get(trust_domain) else {
                continue;
            };
            if known.get(trust_domain) == Some(read) {
                continue;
            }
            if let Err(error) = self.set_bundle(read).await {
                (self.say)(&format!(
                    "the bundle of `{trust_domain}` was read and cannot be kept: {error}"
                ));
                return false;
            }
            (self.say)(&format!("the bundle of `{trust_domain}` has changed"));
        }
        true
    }
}
