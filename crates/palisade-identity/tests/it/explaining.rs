//! Why a caller gets what it gets.

use jiff::Timestamp;
use palisade_document::SourceFile;
use palisade_identity::entries::{Entries, FactsFile, NoFacts};
use palisade_identity::explain::{Explanation, Hint, MOST_NEAR, explain};
use palisade_identity::read_attributes;
use std::sync::Arc;

use crate::entries::{caller, entries};

const SHOP: &str = "
owner: team-shop
entries:
  - name: checkout
    match: { k8s.service-account: checkout, k8s.namespace: shop, k8s.pod-label.tier: front }
    id: spiffe://example.org/checkout
  - name: cart
    match: { k8s.namespace: shop, k8s.service-account: cart }
    id: spiffe://example.org/cart
  - name: backup
    match: { unix.uid: 1000, unix.path: /opt/backup/run }
    id: spiffe://example.org/backup
  - name: signed
    match: { unix.uid: 2000 }
    id: spiffe://example.org/signed
    requires: no drift
";

fn of(entries: &Entries, pairs: &[&str]) -> Explanation {
    explain(entries, &caller(pairs), &NoFacts)
}

fn near(explanation: &Explanation) -> Vec<&str> {
    let near = explanation.near.iter();
    near.map(|miss| miss.entry.name.as_str()).collect()
}

#[test]
fn the_nearest_entry_comes_first_with_what_failed_first_and_what_was_seen() {
    let shop = entries(SHOP);
    let told = of(
        &shop,
        &["k8s.namespace=shop", "k8s.service-account=chekcout"],
    );
    assert!(told.granted.is_empty());
    assert_eq!(near(&told)[..2], ["checkout", "cart"]);
    let miss = &told.near[0];
    assert_eq!((miss.held, miss.of), (1, 3));
    let first = &miss.failed[0];
    assert_eq!(first.attribute.as_str(), "k8s.service-account");
    assert_eq!(first.asked, ["checkout"]);
    assert!(first.seen.contains("chekcout"));
    let slip = Hint::Value {
        asked: "checkout".to_owned(),
        seen: "chekcout".to_owned(),
    };
    assert_eq!(first.hint, Some(slip));
    assert_eq!(miss.failed[1].attribute.as_str(), "k8s.pod-label.tier");
    assert!(miss.failed[1].seen.is_empty());
    assert_eq!(miss.entry.origin.to_string(), "identity/shop.yaml:4:5");
}

#[test]
fn attestation_that_is_missing_is_told_apart_from_values_that_differ() {
    let shop = entries(SHOP);
    let told = of(&shop, &["unix.gid=5"]);
    let failed = |name: &str| {
        let miss = told
            .near
            .iter()
            .find(|miss| miss.entry.name.as_str() == name);
        miss.expect("told").failed[0].hint.clone()
    };
    let source = Hint::Source {
        source: "k8s".to_owned(),
    };
    assert_eq!(failed("cart"), Some(source));
    let name = "unix.gid".parse().expect("an attribute");
    assert_eq!(failed("backup"), Some(Hint::Name { attested: name }));
    let numbers = of(&shop, &["unix.uid=1001", "unix.path=/opt/backup/run"]);
    assert_eq!(near(&numbers)[0], "backup");
    assert_eq!(numbers.near[0].failed[0].hint, None, "uids are no slips");
}

#[test]
fn a_caller_with_an_identity_hears_only_of_entries_that_are_near() {
    let shop = entries(SHOP);
    let told = of(&shop, &["k8s.namespace=shop", "k8s.service-account=cart"]);
    assert_eq!(told.granted[0].id.as_str(), "spiffe://example.org/cart");
    assert_eq!(near(&told), ["checkout"]);
}

#[test]
fn an_entry_that_matches_and_withholds_says_why() {
    let told = of(&entries(SHOP), &["unix.uid=2000"]);
    assert_eq!(told.withheld.len(), 1);
    assert_eq!(
        told.withheld[0].reason,
        "`requires: no drift` is not known to hold: this issuer was given no facts to judge conditions by"
    );
    let json = serde_json::to_value(&told).expect("JSON");
    assert_eq!(json["withheld"][0]["cause"]["kind"], "condition");
    assert_eq!(json["schema-version"], 1);
}

#[test]
fn of_many_entries_only_the_nearest_are_told() {
    let mut text = "owner: a\nentries:\n".to_owned();
    for n in 0..500 {
        let line = format!(
            "  - {{ name: n{n}, match: {{ k8s.namespace: ns{n}, k8s.service-account: web }}, id: 'spiffe://example.org/n{n}' }}\n"
        );
        text.push_str(&line);
    }
    let told = of(
        &entries(&text),
        &["k8s.namespace=ns499x", "k8s.service-account=web"],
    );
    assert_eq!(told.near.len(), MOST_NEAR);
    assert_eq!(near(&told)[0], "n499");
    assert_eq!(told.entries, 500);
}

#[test]
fn a_caller_with_every_value_that_there_can_be_is_explained_within_bounds() {
    let alternatives: Vec<String> = (0..64).map(|n| format!("{n}{}", "a".repeat(100))).collect();
    let mut text = "owner: a\nentries:\n".to_owned();
    for n in 0..400 {
        let list = alternatives.join(", ");
        let line = format!(
            "  - {{ name: n{n}, match: {{ k8s.owner: [{list}] }}, id: 'spiffe://example.org/n{n}' }}\n"
        );
        text.push_str(&line);
    }
    let mut bomb = palisade_identity::Attributes::default();
    for n in 0..512 {
        bomb.add("k8s.owner", format!("{n:0>4}{}", "b".repeat(98)))
            .expect("an attribute");
    }
    let told = explain(&entries(&text), &bomb, &NoFacts);
    assert_eq!(told.near.len(), MOST_NEAR);
    assert_eq!(told.near[0].failed[0].seen.len(), 512);
}

const FACTS: &str = "
facts:
  - match: { k8s.image-digest: 'sha256:aa' }
    image-signed-by: { identity: 'https://github.com/acme/shop/r.yml@refs/heads/main', issuer: 'https://t.example' }
  - match: { k8s.image-digest: 'sha256:bb' }
    image-signature: none
  - match: { k8s.namespace: shop }
    drift: none
    until: 2026-06-01T00:00:00Z
  - match: { k8s.namespace: shop, k8s.service-account: cart }
    drift: found
    reason: two replicas more than declared
";

const GUARDED: &str = "
owner: a
entries:
  - name: image
    match: { k8s.service-account: '*' }
    id: spiffe://example.org/image/{k8s.service-account}
    requires: image signed by https://github.com/acme/* issued by https://t.example
  - name: drift
    match: { k8s.service-account: '*' }
    id: spiffe://example.org/drift/{k8s.service-account}
    requires: no drift
";

#[test]
fn supplied_facts_answer_until_they_end_and_one_against_outweighs_one_for() {
    let guarded = entries(GUARDED);
    let facts = FactsFile::read(Arc::new(SourceFile::new("f.yaml", FACTS))).expect("facts");
    let early: Timestamp = "2026-05-31T23:59:59Z".parse().expect("a time");
    let late: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
    let given = |now, pairs: &[&str]| -> Vec<String> {
        let told = explain(&guarded, &caller(pairs), &facts.at(now));
        let names = told
            .granted
            .iter()
            .map(|granted| granted.entry.name.to_string());
        names.collect()
    };
    let web = [
        "k8s.namespace=shop",
        "k8s.service-account=web",
        "k8s.image-digest=sha256:aa",
    ];
    assert_eq!(given(early, &web), ["image", "drift"]);
    assert_eq!(
        given(late, &web),
        ["image"],
        "the fact about drift has ended"
    );
    let cart = [
        "k8s.namespace=shop",
        "k8s.service-account=cart",
        "k8s.image-digest=sha256:bb",
    ];
    assert_eq!(given(early, &cart), [""; 0]);
    assert_eq!(given(early, &["k8s.service-account=web"]), [""; 0]);
}

#[test]
fn mistakes_in_attributes_and_facts_have_places() {
    let file = |text: &str| Arc::new(SourceFile::new("a.yaml", text));
    for (text, place) in [
        ("uid: 1", "a.yaml:1:1"),
        ("unix.uid: {}", "a.yaml:1:11"),
        ("[]", "a.yaml:1:1"),
        ("unix.uid: 0x1", "a.yaml:1:11"),
    ] {
        let wrong = read_attributes(file(text)).expect_err(text);
        assert_eq!(
            wrong[0].origin.as_ref().expect("a place").to_string(),
            place
        );
    }
    let read = read_attributes(file("unix.uid: 1000\nunix.gid: [1, 2]")).expect("attributes");
    assert_eq!(read, caller(&["unix.uid=1000", "unix.gid=1", "unix.gid=2"]));
    for text in [
        "facts: [{ match: {}, drift: none }]",
        "facts: [{ match: { unix.uid: 1 } }]",
        "facts: [{ match: { unix.uid: 1 }, drift: perhaps }]",
        "facts: [{ match: { unix.uid: 1 }, drift: none, image-signature: none }]",
        "facts: [{ match: { unix.uid: 1 }, drift: none, until: tomorrow }]",
        "facts: {}",
        "- facts",
    ] {
        assert!(FactsFile::read(file(text)).is_err(), "{text}");
    }
}
