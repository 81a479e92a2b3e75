//! Server and agent over a real connection: attestation, pushes, outages, and a long sleep.

mod pushes;
mod refusals;
mod stand;

use std::sync::Arc;

use jiff::SignedDuration;
use palisade_identity::agent::{Agent, Credential, NodeError, Parts, ServerAddress};
use palisade_identity::store::{Change, MOST_EVIDENCE};
use palisade_identity::{Clock as _, Issuer as _, Refusal};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use zeroize::Zeroizing;

use self::stand::{ENTRIES, PATIENCE, Running, Serving, folder, is_valid, until};
use crate::endpoint::pods;
use crate::server::{caller, files};

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
        .evidence(Some(0), MOST_EVIDENCE, None)
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

#[tokio::test]
async fn a_node_is_proved_by_the_pod_of_its_agent() {
    let serving = Serving::with(None, Some(pods::cluster().await)).await;
    let bound = ENTRIES.replace(
        "unix.uid: '1000'",
        "unix.uid: '1000', agent.k8s-node: node-1",
    );
    serving
        .stand
        .server
        .set_files(files(&bound))
        .expect("entries");
    let token = folder();
    let path = token.path().join("token");
    std::fs::write(&path, "a-token\n").expect("written");
    let running = serving.agent(Some(Credential::KubernetesToken(path.clone())), folder());
    running.holds("1000").await;
    let agents = serving.stand.server.store().agents().await.expect("read");
    assert_eq!(
        agents[0].id,
        "spiffe://example.org/palisade/agent/kubernetes/node-1"
    );
    // The pod is gone: neither a new agent with its token nor the old key is taken.
    serving.cluster.as_ref().expect("a cluster").remove();
    let late = serving.agent(Some(Credential::KubernetesToken(path)), folder());
    late.says("there is no pod `web-0`").await;
}
