//! Takes policies and certificates over when their files change.

use std::sync::Arc;
use std::time::Duration;

use palisade_policy::admission::Gate;

use crate::admission::{LoadGate, Shared, Stamp, unloaded};
use crate::metrics::Reload;
use crate::tls::Reloading;

/// How often files are looked at for changes.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// Looks at the files now and then.
pub(crate) struct Watch {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tls: Option<Arc<Reloading>>,
    pub(crate) load: LoadGate,
    pub(crate) stamp: Stamp,
    pub(crate) say: fn(&str),
}

impl Watch {
    pub(crate) async fn run(self, mut known: u64) {
        let watch = Arc::new(self);
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let looking = Arc::clone(&watch);
            let look = move || looking.look(known);
            if let Ok(seen) = tokio::task::spawn_blocking(look).await {
                known = seen;
            }
        }
    }

    fn look(&self, known: u64) -> u64 {
        self.look_at_certificate();
        let seen = (self.stamp)();
        if seen == known {
            return known;
        }
        let loaded = (self.load)();
        let broken = |gate: &Gate| gate.errors().next().is_some();
        let is_taken = loaded.as_ref().is_ok_and(|gate| !broken(gate));
        self.shared.metrics.reload(Reload::Policies, is_taken);
        match loaded {
            Ok(gate) if gate.errors().count() > self.shared.gate.load().errors().count() => {
                for error in gate.errors() {
                    (self.say)(&unloaded(error));
                }
                (self.say)("the changed policies do not all load, those before stay in force");
            }
            Ok(gate) => {
                for error in gate.errors() {
                    (self.say)(&unloaded(error));
                }
                let rules = gate.rule_count();
                self.shared.metrics.rules(rules);
                self.shared.gate.store(Arc::new(gate));
                (self.say)(&format!("policies read again: {rules} rules in force"));
            }
            Err(sentence) => {
                (self.say)(&format!(
                    "the changed policies do not load, those before stay in force: {sentence}"
                ));
                // A mistake in reading may pass: it is tried again.
                return known;
            }
        }
        seen
    }

    fn look_at_certificate(&self) {
        let Some(tls) = &self.tls else { return };
        match tls.refresh() {
            Ok(false) => {}
            Ok(true) => {
                self.shared.metrics.reload(Reload::Certificate, true);
                (self.say)("certificate read again");
            }
            Err(error) => {
                self.shared.metrics.reload(Reload::Certificate, false);
                (self.say)(&format!("the certificate before stays in use: {error}"));
            }
        }
    }
}
