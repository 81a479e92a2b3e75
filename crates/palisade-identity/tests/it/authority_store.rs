//! A store that goes away at any moment of a rotation, before or after it kept what it was given.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use jiff::SignedDuration;
use palisade_identity::authority::{
    Authority, AuthorityInfo, Keeping, Keys, KeysError, Kind, MemoryKeys, Saved, Stage, StoredKeys,
    X509Request,
};
use palisade_identity::spiffe::verify_x509;
use palisade_identity::{Clock as _, ManualClock};

use crate::made::{bundles, id, open, settings, start};

/// What a call that fails does to the store.
#[derive(Clone, Copy)]
enum Failure {
    /// Nothing.
    Before,
    /// Everything; the answer alone is lost.
    After,
}

/// Answers a number of calls and then none until it is repaired.
struct Flaky {
    keys: MemoryKeys,
    left: AtomicI32,
    failure: Failure,
}

impl Flaky {
    fn fails(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) <= 0
    }

    fn away<T>() -> Result<T, KeysError> {
        Err(KeysError::Unreachable("away".to_owned()))
    }
}

impl Keys for Flaky {
    fn load(&self) -> Keeping<'_, Option<StoredKeys>> {
        Box::pin(async {
            if self.fails() {
                return Self::away();
            }
            self.keys.load().await
        })
    }

    fn save<'a>(&'a self, before: u64, keys: &'a StoredKeys) -> Keeping<'a, Saved> {
        Box::pin(async move {
            if !self.fails() {
                return self.keys.save(before, keys).await;
            }
            if matches!(self.failure, Failure::After) {
                self.keys.save(before, keys).await?;
            }
            Self::away()
        })
    }
}

fn active(authority: &Authority, kind: Kind) -> usize {
    let published = authority.subscribe().borrow().authorities.clone();
    let signs = |info: &&AuthorityInfo| info.kind == kind && info.stage == Stage::Active;
    published.iter().filter(signs).count()
}

/// Whether the next keys are made before the store goes away, or have to be made then.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Prepared,
    Missing,
}

/// Lets the store go away after some calls of a rotation; whether that was noticed.
async fn goes_away(failure: Failure, next: Next, calls: i32) -> bool {
    let store = Arc::new(Flaky {
        keys: MemoryKeys::default(),
        left: AtomicI32::new(i32::MAX),
        failure,
    });
    let clock = ManualClock::at(start());
    let authority = open(&store, &clock).await;
    clock.turn(SignedDuration::from_hours(13));
    if next == Next::Prepared {
        authority.tick().await.expect("ticks");
    }
    clock.turn(SignedDuration::from_mins(6 * 60 + 30));
    let web = id("spiffe://example.org/web");
    let early = authority
        .sign_x509(&X509Request::new(&web))
        .expect("a document");
    clock.turn(SignedDuration::from_mins(30));

    store.left.store(calls, Ordering::SeqCst);
    let ticked = authority.tick().await;
    let during = authority
        .sign_x509(&X509Request::new(&web))
        .expect("it goes on");
    let known = bundles(&authority);
    verify_x509(&during.document.chain, &known, clock.now()).expect("published first");

    store.left.store(i32::MAX, Ordering::SeqCst);
    authority.tick().await.expect("ticks again");
    let known = bundles(&authority);
    for signed in [&early, &during] {
        let seen = verify_x509(&signed.document.chain, &known, clock.now());
        assert_eq!(seen.expect("still valid").id, web, "after {calls} calls");
    }
    assert_eq!(active(&authority, Kind::X509), 1);
    assert_eq!(active(&authority, Kind::Es256), 1);
    let second = open(&store, &clock).await;
    assert_eq!(bundles(&second), known, "another server sees the same");
    ticked.is_err()
}

#[tokio::test]
async fn nothing_is_lost_when_the_store_goes_away() {
    let mut noticed = 0;
    for failure in [Failure::Before, Failure::After] {
        for next in [Next::Prepared, Next::Missing] {
            for calls in 0..7 {
                noticed += usize::from(goes_away(failure, next, calls).await);
            }
        }
    }
    assert!(noticed > 16, "the store did go away: {noticed}");
}

#[tokio::test]
async fn without_a_store_nothing_begins() {
    let store = Flaky {
        keys: MemoryKeys::default(),
        left: AtomicI32::new(3),
        failure: Failure::Before,
    };
    let keys: Arc<dyn Keys> = Arc::new(store);
    let opened = Authority::open(settings(), keys, None, Arc::new(ManualClock::at(start()))).await;
    let error = opened.expect_err("away").to_string();
    assert!(error.contains("cannot be reached"), "{error}");
}
