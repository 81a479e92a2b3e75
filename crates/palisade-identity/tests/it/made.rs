//! What the tests of this crate make again and again.

use std::sync::Arc;

use jiff::Timestamp;
use palisade_identity::ManualClock;
use palisade_identity::authority::{Authority, Keys, Kind, MemoryKeys, Settings};
use palisade_identity::spiffe::{Bundles, SpiffeId, TrustDomain};

/// The first moment of every test.
pub(crate) fn start() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

pub(crate) fn domain() -> TrustDomain {
    TrustDomain::new("example.org").expect("a name")
}

pub(crate) fn id(text: &str) -> SpiffeId {
    text.parse().expect(text)
}

/// Settings without an RSA key, which takes long to make.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new(domain());
    settings.kinds = vec![Kind::X509, Kind::Es256];
    settings
}

pub(crate) async fn open(keys: &Arc<impl Keys>, clock: &ManualClock) -> Authority {
    let keys: Arc<dyn Keys> = Arc::clone(keys) as Arc<dyn Keys>;
    Authority::open(settings(), keys, None, Arc::new(clock.clone()))
        .await
        .expect("an authority")
}

pub(crate) async fn authority() -> (Authority, ManualClock) {
    let clock = ManualClock::at(start());
    let authority = open(&Arc::new(MemoryKeys::default()), &clock).await;
    (authority, clock)
}

/// What a reader of the authority's bundle knows.
pub(crate) fn bundles(authority: &Authority) -> Bundles {
    let bundle = Arc::clone(&authority.subscribe().borrow().bundle);
    Bundles::from([(bundle.trust_domain.clone(), bundle)])
}
