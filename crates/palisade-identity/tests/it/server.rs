//! The server: what callers hold follows entries, keys, bundles and the clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use palisade_document::SourceFile;
use palisade_identity::authority::{Kind, Urgency};
use palisade_identity::entries::{Compiled, NoFacts, compile};
use palisade_identity::evidence::Spool;
use palisade_identity::server::{Parts, Server};
use palisade_identity::spiffe::{Bundle, Bundles, TrustDomain, verify_x509};
use palisade_identity::store::{Change, KeptEntry, Location, MOST_EVIDENCE, Seal, Store};
use palisade_identity::{Attributes, Clock as _, Holdings, Issuer as _, ManualClock, Refusal};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::made::{domain, settings, start};
use crate::postgres::Cluster;

const ENTRIES: &str = "\
entries:
  - name: web
    owner: shop
    match: {unix.uid: '1000'}
    id: spiffe://{trust-domain}/web
  - name: cart
    owner: shop
    match: {unix.uid: '1001'}
    id: spiffe://{trust-domain}/cart
    federates-with: [other.org]
    audiences: [ledger]
";

/// A server with a clock that tests turn.
pub(crate) struct Stand {
    pub(crate) server: Arc<Server>,
    pub(crate) clock: ManualClock,
    pub(crate) said: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
}

impl Stand {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::Sqlite(folder.path().join("identity.db"));
        Self::on(&location, folder).await
    }

    pub(crate) async fn on(location: &Location, folder: TempDir) -> Self {
        let seal = Seal::of(&[5; 32]).expect("a key");
        let store = Store::open(location, seal).await.expect("a store");
        let clock = ManualClock::at(start());
        let said = Arc::new(Mutex::new(Vec::new()));
        let saying = Arc::clone(&said);
        let spool = Some(Spool::open(&folder.path().join("evidence.spool")).expect("a spool"));
        let server = Server::open(Parts {
            authority: settings(),
            upstream: None,
            log: None,
            spool,
            store,
            facts: Arc::new(NoFacts),
            clock: Arc::new(clock.clone()),
            say: Arc::new(move |sentence| {
                saying
                    .lock()
                    .expect("not poisoned")
                    .push(sentence.to_owned());
            }),
        });
        let server = Arc::new(server.await.expect("a server"));
        server.set_files(files(ENTRIES)).expect("entries");
        Self {
            server,
            clock,
            said,
            folder,
        }
    }

    async fn holds(&self, uid: &str) -> watch::Receiver<Arc<Holdings>> {
        self.server
            .holdings(&caller(uid))
            .await
            .expect("an identity")
    }

    fn own(&self) -> Bundles {
        let own = Arc::clone(&self.server.authority().subscribe().borrow().bundle);
        Bundles::from([(own.trust_domain.clone(), own)])
    }

    /// Whether the first document is one that a reader of the bundle takes now.
    fn is_valid(&self, holdings: &Holdings) -> bool {
        let leaf = holdings.svids.first().expect("a document");
        let chain: Vec<&[u8]> = leaf.chain.iter().map(AsRef::as_ref).collect();
        verify_x509(&chain, &self.own(), self.clock.now()).is_ok()
    }
}

pub(crate) fn files(text: &str) -> Compiled {
    let file = Arc::new(SourceFile::new("entries.yaml", text.to_owned()));
    let compiled = compile([file], Some(&domain()));
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
    compiled
}

pub(crate) fn caller(uid: &str) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.add("unix.uid", uid).expect("an attribute");
    attributes
}

fn ids(holdings: &Holdings) -> Vec<&str> {
    holdings.svids.iter().map(|svid| svid.id.as_str()).collect()
}

#[tokio::test]
async fn an_entry_gives_an_identity_and_its_end_takes_it() {
    let stand = Stand::new().await;
    let mut held = stand.holds("1000").await;
    assert_eq!(ids(&held.borrow_and_update()), ["spiffe://example.org/web"]);
    assert!(stand.is_valid(&held.borrow()));
    let refused = stand
        .server
        .holdings(&caller("7"))
        .await
        .expect_err("nothing");
    assert_eq!(refused, Refusal::NoIdentity);

    let changed = ENTRIES.replace("/web", "/shop/web");
    stand.server.set_files(files(&changed)).expect("entries");
    stand.server.tick().await.expect("ticked");
    assert!(held.has_changed().expect("open"));
    assert_eq!(
        ids(&held.borrow_and_update()),
        ["spiffe://example.org/shop/web"]
    );

    let without = changed.replace("'1000'", "'1002'");
    stand.server.set_files(files(&without)).expect("entries");
    stand.server.tick().await.expect("ticked");
    assert!(ids(&held.borrow_and_update()).is_empty());
    let refused = stand
        .server
        .holdings(&caller("1000"))
        .await
        .expect_err("nothing");
    assert_eq!(refused, Refusal::NoIdentity);
}

#[tokio::test]
async fn nothing_is_given_by_entries_of_before_although_nobody_has_looked_yet() {
    let stand = Stand::new().await;
    stand.holds("1000").await;
    stand.holds("1001").await;
    let changed = ENTRIES
        .replace("'1000'", "'1002'")
        .replace("/cart", "/basket");
    stand.server.set_files(files(&changed)).expect("entries");
    let refused = stand.server.holdings(&caller("1000")).await;
    assert_eq!(refused.expect_err("nothing"), Refusal::NoIdentity);
    let basket = stand.holds("1001").await;
    assert_eq!(ids(&basket.borrow()), ["spiffe://example.org/basket"]);
}

#[tokio::test]
async fn nobody_is_told_of_a_change_that_is_none_of_theirs() {
    let stand = Stand::new().await;
    let (mut web, mut cart) = (stand.holds("1000").await, stand.holds("1001").await);
    web.mark_unchanged();
    cart.mark_unchanged();
    let changed = ENTRIES.replace("/cart", "/basket");
    stand.server.set_files(files(&changed)).expect("entries");
    stand.server.tick().await.expect("ticked");
    assert!(!web.has_changed().expect("open"));
    assert!(cart.has_changed().expect("open"));
}

#[tokio::test]
async fn documents_rotate_at_half_their_life_and_after_every_jump_of_the_clock() {
    let stand = Stand::new().await;
    let held = stand.holds("1000").await;
    let first = held.borrow().svids[0].clone();
    let turn = async |minutes: i64| {
        stand.clock.turn(SignedDuration::from_mins(minutes));
        stand.server.tick().await.expect("ticked");
        held.borrow().svids[0].clone()
    };
    let same = turn(23).await;
    assert_eq!(same.chain, first.chain, "before 40 per cent of its life");
    let second = turn(14).await;
    assert_ne!(second.chain, first.chain, "after 60 per cent of its life");
    assert_ne!(*second.key, *first.key, "a new key");
    for jump in [60 * 24 * 40, -60 * 24 * 90, 60 * 24 * 365] {
        turn(jump).await;
        assert!(
            stand.is_valid(&held.borrow()),
            "after a jump of {jump} minutes"
        );
    }
}

#[tokio::test]
async fn a_tainted_key_has_its_documents_replaced_and_a_revoked_one_is_gone() {
    let stand = Stand::new().await;
    let held = stand.holds("1000").await;
    let first = held.borrow().clone();
    let authority = stand.server.authority();
    let infos = authority.subscribe().borrow().authorities.clone();
    let x509 = infos
        .iter()
        .find(|info| info.kind == Kind::X509)
        .expect("a key");
    authority.taint(&x509.id).await.expect("tainted");
    stand.server.tick().await.expect("ticked");
    let second = held.borrow().clone();
    assert_ne!(first.svids[0].chain, second.svids[0].chain);
    assert!(stand.is_valid(&first), "still published");
    authority.revoke(&x509.id).await.expect("revoked");
    stand.server.tick().await.expect("ticked");
    assert!(!stand.is_valid(&first), "no longer published");
    assert!(stand.is_valid(&held.borrow()));
    let own = held.borrow().own.clone().expect("a bundle");
    assert_eq!(own.x509_authorities.len(), 1);
}

#[tokio::test]
async fn tokens_are_for_audiences_that_the_entry_allows() {
    let stand = Stand::new().await;
    let (web, cart) = (caller("1000"), caller("1001"));
    let any = ["anything".to_owned()];
    let tokens = stand
        .server
        .tokens(&web, &any, None)
        .await
        .expect("a token");
    assert_eq!(tokens[0].id.as_str(), "spiffe://example.org/web");
    let refused = stand
        .server
        .tokens(&cart, &any, None)
        .await
        .expect_err("refused");
    assert!(refused.to_string().contains("entry `cart`"), "{refused}");
    let other = crate::made::id("spiffe://example.org/cart");
    let refused = stand
        .server
        .tokens(&web, &any, Some(&other))
        .await
        .expect_err("refused");
    assert_eq!(refused, Refusal::NoIdentity);
    for wrong in [
        vec![],
        vec![String::new()],
        vec!["a".to_owned(); 33],
        vec!["a".repeat(1025)],
    ] {
        let refused = stand
            .server
            .tokens(&web, &wrong, None)
            .await
            .expect_err("refused");
        assert!(matches!(refused, Refusal::Request(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_foreign_bundle_reaches_those_who_federate() {
    let stand = Stand::new().await;
    let (web, cart) = (stand.holds("1000").await, stand.holds("1001").await);
    let other = TrustDomain::new("other.org").expect("a name");
    let bundle = Bundle {
        trust_domain: other.clone(),
        ..(**stand.own().values().next().expect("a bundle")).clone()
    };
    stand.server.set_bundle(&bundle).await.expect("kept");
    stand.server.tick().await.expect("ticked");
    assert!(web.borrow().federated.is_empty());
    assert!(cart.borrow().federated.contains_key(&other));
    assert!(stand.server.bundles().borrow().contains_key(&other));
    stand.server.drop_bundle(&other).await.expect("forgotten");
    stand.server.tick().await.expect("ticked");
    assert!(cart.borrow().federated.is_empty());
}

#[tokio::test]
async fn evidence_of_every_document_is_kept() {
    let stand = Stand::new().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = Arc::clone(&stand.server);
    let running = tokio::spawn(async move { server.run(async { drop(stopped.await) }).await });
    stand.holds("1000").await;
    let audiences = ["ledger".to_owned()];
    stand
        .server
        .tokens(&caller("1001"), &audiences, None)
        .await
        .expect("a token");
    stop.send(()).expect("it runs");
    running.await.expect("no panic");
    let kept = stand
        .server
        .store()
        .evidence(Some(0), MOST_EVIDENCE, None)
        .await
        .expect("read");
    let subjects: Vec<&str> = kept
        .iter()
        .map(|kept| kept.evidence.subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        ["spiffe://example.org/web", "spiffe://example.org/cart"]
    );
    let records: Vec<serde_json::Value> = kept
        .iter()
        .map(|kept| serde_json::from_str(&kept.evidence.record).expect("JSON"))
        .collect();
    assert_eq!(records[0]["entry"], "web");
    assert_eq!(records[0]["document"]["kind"], "x509");
    assert!(
        records[0]["document"]["serial"]
            .as_str()
            .expect("a serial")
            .len()
            >= 16
    );
    assert_eq!(records[1]["document"]["audiences"][0], "ledger");
    assert!(records[1]["document"]["jti"].is_string());
    assert_eq!(stand.said.lock().expect("not poisoned").as_slice(), [""; 0]);
    drop(stand.folder);
}

#[tokio::test]
async fn two_servers_issue_at_once_and_trust_each_other() {
    let cluster = Cluster::shared();
    let location = Location::Postgres(cluster.database());
    let folder = || tempfile::tempdir().expect("a folder");
    let (one, other) = tokio::join!(
        Stand::on(&location, folder()),
        Stand::on(&location, folder())
    );
    one.server.tick().await.expect("ticked");
    other.server.tick().await.expect("ticked");
    assert_eq!(
        one.own(),
        other.own(),
        "both servers made keys of their own"
    );
    let (first, second) = (one.holds("1000").await, other.holds("1000").await);
    assert!(one.is_valid(&second.borrow()) && other.is_valid(&first.borrow()));

    let running = Arc::clone(&other.server);
    let background = tokio::spawn(async move { running.run(std::future::pending()).await });
    let mut bundles = other.server.bundles();
    let before = bundles.borrow_and_update().clone();
    let both = tokio::join!(
        one.server.authority().rotate(Kind::X509, Urgency::Now),
        other.server.authority().rotate(Kind::X509, Urgency::Now),
    );
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    let pushed = KeptEntry {
        name: "late".to_owned(),
        document: serde_json::to_string(&*one.server.entries().all()[0])
            .expect("JSON")
            .replace("web", "late")
            .replace("1000", "1005"),
        changed: one.clock.now(),
    };
    let change = [Change::PutEntry(pushed)];
    one.server
        .store()
        .change(None, &change)
        .await
        .expect("kept");
    // The other server is told, and gives the identity of an entry that it was never handed.
    let told = tokio::time::timeout(Duration::from_mins(1), async {
        while other.server.holdings(&caller("1005")).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    told.await.expect("told");
    assert_ne!(*bundles.borrow(), before);
    background.abort();
}

#[tokio::test]
async fn issuing_goes_on_while_the_database_is_away() {
    let cluster = Cluster::start();
    let location = Location::Postgres(cluster.database());
    let stand = Stand::on(&location, tempfile::tempdir().expect("a folder")).await;
    let running = Arc::clone(&stand.server);
    let background = tokio::spawn(async move { running.run(std::future::pending()).await });
    cluster.crash();
    let held = stand.holds("1000").await;
    assert!(stand.is_valid(&held.borrow()));
    let failed = stand
        .server
        .authority()
        .rotate(Kind::X509, Urgency::Now)
        .await;
    assert!(
        failed.is_err(),
        "a rotation that is not stored does not count"
    );
    assert!(stand.is_valid(&held.borrow()));
    cluster.resume();
    let kept = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            match stand
                .server
                .store()
                .evidence(Some(0), MOST_EVIDENCE, None)
                .await
            {
                Ok(kept) if !kept.is_empty() => return kept,
                _ => tokio::task::yield_now().await,
            }
        }
    });
    assert_eq!(kept.await.expect("kept").len(), 1);
    background.abort();
}
