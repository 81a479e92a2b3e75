//! Who gets which identity.

use palisade_identity::Attributes;
use palisade_identity::entries::{
    Condition, Entries, Facts, MOST_GRANTS, NoFacts, Verdict, Withheld,
};

use super::{caller, entries};

const SHOP: &str = "
owner: team-shop
entries:
  - name: pods
    match:
      k8s.namespace: [shop, shop-canary]
      k8s.service-account: '*'
    id: spiffe://{trust-domain}/ns/{k8s.namespace}/sa/{k8s.service-account}
    dns-names: ['{k8s.service-account}.{k8s.namespace}.svc']
  - name: backup
    match:
      unix.uid: 1000
      unix.path: /opt/backup/*
    id: spiffe://example.org/host/backup
";

fn ids(entries: &Entries, caller: &Attributes) -> Vec<String> {
    let resolution = entries.resolve(caller, &NoFacts);
    let ids = resolution.grants.iter();
    ids.map(|grant| grant.id.to_string()).collect()
}

/// A file with so many entries.
fn many(count: usize, entry: impl Fn(usize) -> String) -> String {
    let lines = (0..count).map(|n| format!("  - {}\n", entry(n)));
    std::iter::once("owner: a\nentries:\n".to_owned())
        .chain(lines)
        .collect()
}

/// What the only entry that matches says about giving nothing.
fn withheld(entries: &Entries, pairs: &[&str]) -> String {
    let resolution = entries.resolve(&caller(pairs), &NoFacts);
    assert!(resolution.grants.is_empty(), "{:?}", resolution.grants);
    assert_eq!(resolution.withheld.len(), 1, "{:?}", resolution.withheld);
    resolution.withheld[0].1.to_string()
}

#[test]
fn all_attributes_must_hold_each_with_one_of_its_values() {
    let shop = entries(SHOP);
    let of = |pairs: &[&str]| ids(&shop, &caller(pairs));
    assert_eq!(
        of(&["k8s.namespace=shop-canary", "k8s.service-account=web"]),
        ["spiffe://example.org/ns/shop-canary/sa/web"]
    );
    assert_eq!(
        of(&["unix.uid=1000", "unix.path=/opt/backup/run"]),
        ["spiffe://example.org/host/backup"]
    );
    for nothing in [
        &["k8s.namespace=shop"][..],
        &["k8s.namespace=shop2", "k8s.service-account=web"],
        &["unix.uid=1000", "unix.path=/opt/backup/"],
        &["unix.uid=1000", "unix.path=/opt/backup/bin/run"],
        &["unix.uid=1001", "unix.path=/opt/backup/run"],
        &["unix.gid=1000", "unix.path=/opt/backup/run"],
        &[],
    ] {
        assert!(of(nothing).is_empty(), "{nothing:?}");
    }
}

#[test]
fn identities_come_in_the_order_of_the_entries() {
    let shop = entries(SHOP);
    let both = caller(&[
        "unix.uid=1000",
        "unix.path=/opt/backup/run",
        "k8s.service-account=web",
        "k8s.namespace=shop",
    ]);
    assert_eq!(
        ids(&shop, &both),
        [
            "spiffe://example.org/ns/shop/sa/web",
            "spiffe://example.org/host/backup"
        ]
    );
    let names = shop.resolve(&both, &NoFacts).grants[0].dns_names.clone();
    assert_eq!(names, ["web.shop.svc"]);
}

#[test]
fn a_value_that_is_no_path_segment_is_refused_and_never_spliced() {
    let shop = entries(SHOP);
    for value in ["..", ".", "a/b", "a%2Fb", "a b", "é", "a?b", "{x}", ""] {
        let pairs = [
            "k8s.namespace=shop",
            &format!("k8s.service-account={value}"),
        ];
        let reason = withheld(&shop, &pairs);
        assert!(reason.contains("`k8s.service-account` is "), "{reason}");
        assert!(reason.contains("not legal in one segment"), "{reason}");
    }
}

#[test]
fn a_dot_that_text_and_value_make_together_is_refused() {
    let dots = entries(
        "
owner: a
entries:
  - name: dots
    match: { k8s.namespace: '*' , unix.uid: 1 }
    id: spiffe://example.org/.{k8s.namespace}
",
    );
    let reason = withheld(&dots, &["unix.uid=1", "k8s.namespace=."]);
    assert!(reason.contains("not legal"), "{reason}");
    assert_eq!(
        ids(&dots, &caller(&["unix.uid=1", "k8s.namespace=a"])),
        ["spiffe://example.org/.a"]
    );
}

#[test]
fn a_template_needs_one_value_and_takes_the_one_that_was_matched() {
    let groups = entries(
        "
owner: a
entries:
  - name: group
    match: { unix.gid: [10, 11] }
    id: spiffe://example.org/group/{unix.gid}
  - name: label
    match: { unix.uid: 7 }
    id: spiffe://example.org/app/{k8s.pod-label.app.kubernetes.io/name}
",
    );
    assert_eq!(
        ids(&groups, &caller(&["unix.gid=10", "unix.gid=99"])),
        ["spiffe://example.org/group/10"]
    );
    let several = withheld(&groups, &["unix.gid=10", "unix.gid=11"]);
    assert!(several.contains("`unix.gid` has 2 values"), "{several}");
    let missing = withheld(&groups, &["unix.uid=7"]);
    assert!(missing.contains("was not attested"), "{missing}");
    assert_eq!(
        ids(
            &groups,
            &caller(&["unix.uid=7", "k8s.pod-label.app.kubernetes.io/name=web"])
        ),
        ["spiffe://example.org/app/web"]
    );
}

const GUARDED: &str = "
owner: team-pay
entries:
  - name: pay
    match: { k8s.namespace: pay }
    id: spiffe://example.org/pay
    requires:
      - image signed by https://github.com/acme/* issued by https://token.example.com
      - no drift
";

struct Signed(Verdict);

impl Facts for Signed {
    fn verdict(&self, condition: &Condition, _: &Attributes) -> Verdict {
        match condition {
            Condition::ImageSigned { by, issuer } => {
                assert_eq!(issuer.as_deref(), Some("https://token.example.com"));
                assert!(by.is("https://github.com/acme/shop/release.yml@refs/heads/main"));
                assert!(!by.is("https://github.com/acme-evil/shop"));
                Verdict::Holds
            }
            Condition::NoDrift => self.0.clone(),
        }
    }
}

#[test]
fn a_condition_that_fails_or_is_unknown_withholds_the_identity() {
    let pay = entries(GUARDED);
    let pod = caller(&["k8s.namespace=pay"]);
    let unknown = withheld(&pay, &["k8s.namespace=pay"]);
    assert!(unknown.contains("is not known to hold"), "{unknown}");
    let fails = pay.resolve(&pod, &Signed(Verdict::Fails("replicas differ".to_owned())));
    assert!(fails.grants.is_empty());
    assert_eq!(
        fails.withheld[0].1.to_string(),
        "`requires: no drift` does not hold: replicas differ"
    );
    let holds = pay.resolve(&pod, &Signed(Verdict::Holds));
    assert_eq!(holds.grants.len(), 1);
    assert!(holds.withheld.is_empty());
}

#[test]
fn a_caller_is_given_a_bounded_number_of_identities_and_told_of_the_rest() {
    let text = many(MOST_GRANTS + 5, |n| {
        format!("{{ name: n{n}, match: {{ unix.uid: 1 }}, id: spiffe://example.org/n{n} }}")
    });
    let resolution = entries(&text).resolve(&caller(&["unix.uid=1"]), &NoFacts);
    assert_eq!(resolution.grants.len(), MOST_GRANTS);
    assert_eq!(resolution.left_out, 5);
    assert_eq!(resolution.grants[0].id.as_str(), "spiffe://example.org/n0");
}

#[test]
fn one_identity_is_given_once_unless_hints_tell_two_apart() {
    let twice = entries(
        "
owner: a
entries:
  - { name: a, match: { unix.uid: 1 }, id: 'spiffe://example.org/x' }
  - { name: b, match: { unix.gid: 1 }, id: 'spiffe://example.org/x' }
  - { name: c, match: { unix.gid: 1 }, id: 'spiffe://example.org/x', hint: external }
",
    );
    let resolution = twice.resolve(&caller(&["unix.uid=1", "unix.gid=1"]), &NoFacts);
    let names: Vec<&str> = resolution
        .grants
        .iter()
        .map(|grant| grant.entry.name.as_str())
        .collect();
    assert_eq!(names, ["a", "c"]);
}

#[test]
fn a_caller_with_every_value_that_there_can_be_costs_little() {
    let text = many(2000, |n| {
        format!(
            "{{ name: n{n}, match: {{ k8s.namespace: ns{n}, k8s.service-account: 'sa*' }}, id: spiffe://example.org/n{n} }}"
        )
    });
    let all = entries(&text);
    let mut bomb = Attributes::default();
    let mut added = 0;
    for n in 0..100_000 {
        if bomb.add("k8s.namespace", format!("ns{n}")).is_err() {
            break;
        }
        added += 1;
    }
    assert!(added < 1000, "the number of values is bounded");
    assert_eq!(all.matching(&bomb).count(), 0, "no service account at all");
}

#[test]
fn the_index_finds_what_a_look_through_all_entries_finds() {
    let text = "
owner: a
entries:
  - { name: a, match: { unix.uid: [1, 2], unix.gid: 5 }, id: 'spiffe://example.org/a' }
  - { name: b, match: { unix.path: [/bin/sh, '/opt/*/run', '/opt/x*'] }, id: 'spiffe://example.org/b' }
  - { name: c, match: { unix.user: '*' }, id: 'spiffe://example.org/u/{unix.user}' }
  - { name: d, match: { unix.path: '/opt/é*', unix.uid: '*' }, id: 'spiffe://example.org/d' }
";
    let all = entries(text);
    let paths = [
        "/bin/sh",
        "/opt/x",
        "/opt/xy",
        "/opt/a/run",
        "/opt//run",
        "/opt/éa",
        "/o",
    ];
    for uid in ["1", "2", "3"] {
        for gid in ["5", "6"] {
            for path in paths {
                let caller = caller(&[
                    &format!("unix.uid={uid}"),
                    &format!("unix.gid={gid}"),
                    &format!("unix.path={path}"),
                    "unix.user=me",
                ]);
                let slow = all.all().iter().filter(|entry| entry.matches(&caller));
                let fast: Vec<_> = all.matching(&caller).collect();
                assert_eq!(fast, slow.collect::<Vec<_>>(), "{uid} {gid} {path}");
                assert!(!fast.is_empty());
            }
        }
    }
}

#[test]
fn an_entry_survives_its_stored_form() {
    for entry in entries(GUARDED).all() {
        let stored = serde_json::to_string(&**entry).expect("JSON");
        let read: palisade_identity::entries::Entry = serde_json::from_str(&stored).expect("entry");
        assert_eq!(read, **entry);
    }
    let reason = Withheld::Mint {
        reason: "no".to_owned(),
    };
    let stored = serde_json::to_string(&reason).expect("JSON");
    assert_eq!(stored, r#"{"kind":"mint","reason":"no"}"#);
}
