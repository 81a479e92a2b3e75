//! Who gets nothing from an agent stands in the server's evidence.

use palisade_identity::evidence::{Event, Evidence};
use palisade_identity::store::MOST_EVIDENCE;
use palisade_identity::{Issuer as _, Refusal, SpiffeId};

use super::stand::{Running, Serving, until};
use crate::server::caller;

/// What the server keeps, once it is as it should be.
async fn kept(serving: &Serving, is: impl Fn(&[Evidence]) -> bool) -> Vec<Evidence> {
    let store = serving.stand.server.store();
    until(async || {
        let kept = store.evidence(None, MOST_EVIDENCE, None).await.ok()?;
        let read = |text: &str| serde_json::from_str::<Evidence>(text).expect("evidence");
        let kept = kept.iter().map(|kept| read(&kept.evidence.record));
        let kept: Vec<Evidence> = kept.collect();
        is(&kept).then_some(kept)
    })
    .await
}

fn refused<'a>(kept: &'a [Evidence], uid: &str) -> Vec<&'a Evidence> {
    let uid = caller(uid);
    let (name, values) = uid.iter().next().expect("one");
    let of = |one: &&Evidence| one.event == Event::Refused && one.caller.get(name) == Some(values);
    kept.iter().filter(of).collect()
}

async fn ask(running: &Running, uid: &str) {
    let answer = running.agent.holdings(&caller(uid)).await;
    assert_eq!(answer.expect_err("nothing"), Refusal::NoIdentity);
}

#[tokio::test]
async fn what_an_agent_refuses_is_evidence_once_a_minute() {
    let mut serving = Serving::new(None).await;
    let running = serving.joined("one").await;
    running.holds("1000").await;
    for _ in 0..3 {
        ask(&running, "7").await;
    }
    let other: SpiffeId = "spiffe://example.org/other".parse().expect("an id");
    let audiences = ["ledger".to_owned()];
    let tokens = running
        .agent
        .tokens(&caller("1000"), &audiences, Some(&other))
        .await;
    assert_eq!(tokens.expect_err("nothing"), Refusal::NoIdentity);
    let told = kept(&serving, |kept| {
        !refused(kept, "7").is_empty() && !refused(kept, "1000").is_empty()
    })
    .await;
    let seven = refused(&told, "7");
    assert_eq!(seven.len(), 1, "{told:?}");
    let reason = seven[0].reason.as_deref();
    assert_eq!(reason, Some("no entry matches what was attested"));
    let agent = seven[0].caller.iter().any(|(name, values)| {
        name.as_str() == "agent.id" && values.contains("spiffe://example.org/palisade/agent/one")
    });
    assert!(agent, "{seven:?}");
    let asked = refused(&told, "1000")[0].reason.clone().unwrap_or_default();
    assert!(asked.contains("`spiffe://example.org/other`"), "{asked}");

    // What is refused while the server is away is told when it is back.
    serving.stop().await;
    until(async || running.agent.status().outage.away_since).await;
    ask(&running, "8").await;
    assert_eq!(running.agent.status().evidence_waiting, 1);
    serving.begin().await;
    kept(&serving, |kept| refused(kept, "8").len() == 1).await;
    until(async || (running.agent.status().evidence_waiting == 0).then_some(())).await;
}

#[tokio::test]
async fn a_flood_of_refusals_of_one_agent_is_bounded_and_counted() {
    let serving = Serving::new(None).await;
    let running = serving.joined("one").await;
    let other = serving.joined("other").await;
    running.holds("1000").await;
    other.holds("1000").await;
    for uid in 2_000..3_500 {
        ask(&running, &uid.to_string()).await;
    }
    until(async || (running.agent.status().evidence_waiting == 0).then_some(())).await;
    // Another agent's are kept all the same.
    ask(&other, "9").await;
    let told = kept(&serving, |kept| refused(kept, "9").len() == 1).await;
    let count = told
        .iter()
        .filter(|one| one.event == Event::Refused)
        .count();
    assert!(count <= 513, "{count}");
    let lost: u64 = told.iter().filter_map(|one| one.lost).sum();
    assert_eq!(count - 1 + usize::try_from(lost).expect("small"), 1_500);
}
