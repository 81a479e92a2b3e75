//! Server and agent over a real connection: attestation, pushes, outages, and a long sleep.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use palisade_identity::agent::{Agent, Credential, NodeError, Parts, ServerAddress};
use palisade_identity::server::{Nodes, Server};
use palisade_identity::spiffe::{Bundles, verify_x509};
use palisade_identity::store::Change;
use palisade_identity::{Clock as _, Holdings, Issuer as _, ManualClock, Refusal};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::server::{Stand, caller, files};

const ENTRIES: &str = "\
entries:
  - name: web
    owner: shop
    match: {unix.uid: '1000'}
    id: spiffe://{trust-domain}/web
";
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that takes agents.
struct Serving {
    stand: Stand,
    address: SocketAddr,
    pin: String,
    tasks: Vec<JoinHandle<()>>,
    roots: Option<RootCertStore>,
}

impl Serving {
    async fn new(roots: Option<RootCertStore>) -> Self {
        let stand = Stand::new().await;
        stand.server.set_files(files(ENTRIES)).expect("entries");
        let any = "127.0.0.1:0".parse().expect("an address");
        let mut serving = Self {
            stand,
            address: any,
            pin: String::new(),
            tasks: Vec::new(),
            roots,
        };
        serving.begin().await;
        serving
    }

    async fn begin(&mut self) {
        let server = Arc::clone(&self.stand.server);
        let nodes = Nodes::open(Arc::clone(&server), self.roots.clone())
            .await
            .expect("nodes");
        self.pin = nodes.pin().to_string();
        let listener = TcpListener::bind(self.address).await.expect("a port");
        self.address = listener.local_addr().expect("an address");
        self.tasks.push(tokio::spawn(async move {
            nodes
                .serve(listener, std::future::pending())
                .await
                .expect("it serves");
        }));
        self.tasks.push(tokio::spawn(async move {
            server.run(std::future::pending()).await
        }));
    }

    /// Ends as a crash would.
    async fn stop(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
            drop(task.await);
        }
    }

    async fn token(&self, name: &str) -> String {
        let id = self.stand.server.agent_id(name).expect("an id");
        let expires = self.stand.clock.now() + SignedDuration::from_mins(10);
        let token = self
            .stand
            .server
            .store()
            .invite(id.as_str(), expires)
            .await
            .expect("made");
        format!("{}.{}", token.text.as_str(), self.pin)
    }

    fn agent(&self, credential: Option<Credential>, state: TempDir) -> Running {
        let server = ServerAddress {
            address: self.address.to_string(),
            pin: self.pin.parse().expect("a pin"),
        };
        Running::new(server, credential, state, &self.stand.clock)
    }

    async fn joined(&self, name: &str) -> Running {
        let (credential, _) = Credential::token(&self.token(name).await).expect("a token");
        self.agent(Some(credential), folder())
    }
}

/// An agent that runs.
struct Running {
    agent: Arc<Agent>,
    task: JoinHandle<()>,
    said: Arc<Mutex<Vec<String>>>,
    state: TempDir,
}

impl Running {
    fn new(
        server: ServerAddress,
        credential: Option<Credential>,
        state: TempDir,
        clock: &ManualClock,
    ) -> Self {
        let said = Arc::new(Mutex::new(Vec::new()));
        let saying = Arc::clone(&said);
        let agent = Agent::open(Parts {
            server,
            credential,
            state: state.path().to_owned(),
            clock: Arc::new(clock.clone()),
            say: Arc::new(move |sentence| {
                saying
                    .lock()
                    .expect("not poisoned")
                    .push(sentence.to_owned());
            }),
        });
        let agent = Arc::new(agent.expect("an agent"));
        let running = Arc::clone(&agent);
        Self {
            agent,
            task: tokio::spawn(async move { running.run().await }),
            said,
            state,
        }
    }

    async fn holds(&self, uid: &str) -> tokio::sync::watch::Receiver<Arc<Holdings>> {
        until(async || self.agent.holdings(&caller(uid)).await.ok()).await
    }

    async fn says(&self, words: &str) {
        let said = async || {
            let said = self.said.lock().expect("not poisoned");
            said.iter()
                .any(|sentence| sentence.contains(words))
                .then_some(())
        };
        until(said).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Asks until there is an answer.
async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .expect("it comes to that")
}

fn is_valid(server: &Server, holdings: &Holdings) -> bool {
    let own = Arc::clone(&server.authority().subscribe().borrow().bundle);
    let bundles = Bundles::from([(own.trust_domain.clone(), own)]);
    holdings.svids.first().is_some_and(|svid| {
        let chain: Vec<&[u8]> = svid.chain.iter().map(AsRef::as_ref).collect();
        verify_x509(&chain, &bundles, server.now()).is_ok()
    })
}

#[tokio::test]
async fn a_joined_agent_serves_and_every_change_is_pushed() {
    let serving = Serving::new(None).await;
    let running = serving.joined("one").await;
    let mut held = running.holds("1000").await;
    assert_eq!(
        held.borrow_and_update().svids[0].id.as_str(),
        "spiffe://example.org/web"
    );
    assert!(is_valid(&serving.stand.server, &held.borrow()));
    let refused = running
        .agent
        .holdings(&caller("7"))
        .await
        .expect_err("nothing");
    assert_eq!(refused, Refusal::NoIdentity);

    let audiences = ["ledger".to_owned()];
    let tokens = running
        .agent
        .tokens(&caller("1000"), &audiences, None)
        .await
        .expect("a token");
    assert_eq!(tokens[0].id.as_str(), "spiffe://example.org/web");

    let changed = ENTRIES.replace("/web", "/shop/web");
    serving
        .stand
        .server
        .set_files(files(&changed))
        .expect("entries");
    let pushed = held.wait_for(|held| {
        held.svids
            .first()
            .is_some_and(|svid| svid.id.path() == "/shop/web")
    });
    tokio::time::timeout(PATIENCE, pushed)
        .await
        .expect("pushed")
        .expect("open");

    let without = changed.replace("'1000'", "'1002'");
    serving
        .stand
        .server
        .set_files(files(&without))
        .expect("entries");
    let taken = held.wait_for(|held| held.svids.is_empty());
    tokio::time::timeout(PATIENCE, taken)
        .await
        .expect("pushed")
        .expect("open");

    let agents = serving.stand.server.store().agents().await.expect("read");
    assert_eq!(agents[0].id, "spiffe://example.org/palisade/agent/one");
    let kept = serving
        .stand
        .server
        .store()
        .evidence(0, None)
        .await
        .expect("read");
    assert!(
        kept.iter()
            .any(|kept| kept.evidence.record.contains("agent.id"))
    );
}

#[tokio::test]
async fn an_entry_for_one_agent_reaches_no_other() {
    let serving = Serving::new(None).await;
    let (one, other) = (serving.joined("one").await, serving.joined("other").await);
    let bound = ENTRIES.replace(
        "{unix.uid: '1000'}",
        "{unix.uid: '1000', agent.id: 'spiffe://example.org/palisade/agent/one'}",
    );
    serving
        .stand
        .server
        .set_files(files(&bound))
        .expect("entries");
    one.holds("1000").await;
    other.says("following the server").await;
    let refused = until(async || other.agent.holdings(&caller("1000")).await.err()).await;
    assert_eq!(refused, Refusal::NoIdentity);
    // A caller that claims to be of the other agent is not believed.
    let mut claims = caller("1000");
    claims
        .add("agent.id", "spiffe://example.org/palisade/agent/one")
        .expect("added");
    let refused = other.agent.holdings(&claims).await.expect_err("nothing");
    assert_eq!(refused, Refusal::NoIdentity);
}

#[tokio::test]
async fn a_token_joins_one_agent_once() {
    let serving = Serving::new(None).await;
    let token = serving.token("one").await;
    let credential = || Some(Credential::token(&token).expect("a token").0);
    let first = serving.agent(credential(), folder());
    first.holds("1000").await;
    let second = serving.agent(credential(), folder());
    second
        .says("make a new one with `palisade identity token create`")
        .await;
    let refused = second
        .agent
        .holdings(&caller("1000"))
        .await
        .expect_err("not attested");
    assert!(matches!(refused, Refusal::Unavailable(_)), "{refused}");
    assert!(matches!(Credential::token("no pin"), Err(NodeError::Token)));
}

#[tokio::test]
async fn a_server_with_another_key_is_not_believed() {
    let (serving, other) = (Serving::new(None).await, Serving::new(None).await);
    let token = serving.token("one").await;
    let (credential, _) = Credential::token(&token).expect("a token");
    let server = ServerAddress {
        address: serving.address.to_string(),
        pin: other.pin.parse().expect("a pin"),
    };
    let running = Running::new(server, Some(credential), folder(), &serving.stand.clock);
    running.says("another key than the pin").await;
    // The token was not handed to whoever that was.
    let kept = token.split('.').next().expect("a token");
    let redeemed = serving
        .stand
        .server
        .store()
        .redeem(kept, serving.stand.clock.now())
        .await;
    assert!(redeemed.is_ok(), "{redeemed:?}");
}

#[tokio::test]
async fn an_agent_serves_on_while_the_server_is_away() {
    let mut serving = Serving::new(None).await;
    let running = serving.joined("one").await;
    let held = running.holds("1000").await;
    assert_eq!(running.agent.status().outage.away_since, None);
    serving.stop().await;
    until(async || running.agent.status().outage.away_since).await;
    let status = running.agent.status();
    assert!(
        status.outage.seconds.is_some_and(|left| left > 3000),
        "{status:?}"
    );
    assert!(is_valid(&serving.stand.server, &held.borrow()));
    let again = running.agent.holdings(&caller("1000")).await.expect("held");
    assert_eq!(again.borrow().svids[0].chain, held.borrow().svids[0].chain);

    serving
        .stand
        .server
        .set_files(files(&ENTRIES.replace("/web", "/late")))
        .expect("entries");
    serving.begin().await;
    let late = async || (held.borrow().svids.first()?.id.path() == "/late").then_some(());
    until(late).await;
    assert_eq!(running.agent.status().outage.away_since, None);
}

#[tokio::test]
async fn an_agent_that_slept_past_every_lifetime_recovers_without_a_hand() {
    let mut serving = Serving::new(None).await;
    let running = serving.joined("one").await;
    let held = running.holds("1000").await;
    let before = held.borrow().svids[0].chain.clone();
    serving.stop().await;
    // Documents, the agent's own one and every key of the authority end.
    serving
        .stand
        .clock
        .turn(SignedDuration::from_hours(24 * 60));
    assert!(!is_valid(&serving.stand.server, &held.borrow()));
    serving.stand.server.tick().await.expect("new keys");
    serving.begin().await;
    until(async || is_valid(&serving.stand.server, &held.borrow()).then_some(())).await;
    assert_ne!(held.borrow().svids[0].chain, before);
}

#[tokio::test]
async fn an_agent_that_begins_again_needs_no_token() {
    let serving = Serving::new(None).await;
    let mut running = serving.joined("one").await;
    running.holds("1000").await;
    let state = std::mem::replace(&mut running.state, folder());
    drop(running);
    let again = serving.agent(None, state);
    again.holds("1000").await;
    let server = ServerAddress {
        address: serving.address.to_string(),
        pin: serving.pin.parse().expect("a pin"),
    };
    let refused = Agent::open(Parts {
        server,
        credential: None,
        state: folder().path().to_owned(),
        clock: Arc::new(serving.stand.clock.clone()),
        say: Arc::new(|_| {}),
    });
    assert!(matches!(
        refused,
        Err(NodeError::NoCredential | NodeError::File { .. })
    ));
}

#[tokio::test]
async fn a_banned_agent_gets_nothing_more() {
    let serving = Serving::new(None).await;
    let running = serving.joined("one").await;
    running.holds("1000").await;
    let server = &serving.stand.server;
    let mut agent = server.store().agents().await.expect("read").remove(0);
    agent.banned = true;
    server
        .store()
        .change(None, &[Change::PutAgent(agent)])
        .await
        .expect("kept");
    running.says("banned").await;
    serving
        .stand
        .server
        .set_files(files(&ENTRIES.replace("1000", "1003")))
        .expect("entries");
    let refused = running
        .agent
        .holdings(&caller("1003"))
        .await
        .expect_err("nothing");
    assert!(
        matches!(refused, Refusal::NoIdentity | Refusal::Unavailable(_)),
        "{refused}"
    );
}

#[tokio::test]
async fn a_node_is_proved_by_its_certificate_and_key() {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed")
    };
    let node = |issuer: &CertifiedIssuer<'_, KeyPair>| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "node-7");
        let certificate = params.signed_by(&key, issuer).expect("signed");
        (
            vec![certificate.der().to_vec()],
            Zeroizing::new(key.serialize_der()),
        )
    };
    let (own, foreign) = (authority("nodes"), authority("others"));
    let mut roots = RootCertStore::empty();
    roots.add(own.der().clone()).expect("a root");
    let serving = Serving::new(Some(roots)).await;
    serving.stand.clock.set(jiff::Timestamp::now());
    serving.stand.server.tick().await.expect("ticked");
    let by_name = ENTRIES.replace("unix.uid: '1000'", "agent.x509-common-name: 'node-7'");
    serving
        .stand
        .server
        .set_files(files(&by_name))
        .expect("entries");
    let (chain, key) = node(&own);
    let good = Credential::Certificate {
        chain: chain.clone(),
        key,
    };
    let running = serving.agent(Some(good), folder());
    running.holds("1000").await;

    let (foreign_chain, foreign_key) = node(&foreign);
    let stolen = Credential::Certificate {
        chain,
        key: foreign_key.clone(),
    };
    let unknown = Credential::Certificate {
        chain: foreign_chain,
        key: foreign_key,
    };
    for (bad, words) in [(stolen, "did not sign"), (unknown, "is not taken")] {
        let running = serving.agent(Some(bad), folder());
        running.says(words).await;
    }
}
