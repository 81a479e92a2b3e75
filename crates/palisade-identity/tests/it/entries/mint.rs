//! Who may mint what.

use super::mistakes;

const RULES: &str = "
mint:
  - path: /ns/shop/**
    owners: [team-shop]
    files: [shop.yaml, shop/*]
  - path: /ns/team-*/sa/*
    owners: [team-apps]
  - path: /host/**
    owners: [platform]
";

fn entry(owner: &str, matched: &str, id: &str) -> String {
    format!(
        "entries: [{{ name: one, owner: {owner}, match: {{ {matched} }}, id: 'spiffe://example.org{id}' }}]"
    )
}

fn found(file: &str, entry: &str) -> Vec<String> {
    mistakes(&[("identity/mint.yaml", RULES), (file, entry)])
}

#[test]
fn what_a_template_can_become_must_be_the_owners_to_mint() {
    let shop = "identity/shop.yaml";
    let fixed = "k8s.namespace: shop, k8s.service-account: '*'";
    let id = "/ns/{k8s.namespace}/sa/{k8s.service-account}";
    assert_eq!(found(shop, &entry("team-shop", fixed, id)), [""; 0]);
    assert_eq!(
        found("identity/shop/web.yaml", &entry("team-shop", fixed, id)),
        [""; 0]
    );
    let open = "k8s.namespace: [shop, bank], k8s.service-account: '*'";
    assert_eq!(
        found(shop, &entry("team-shop", open, id)),
        [
            "identity/shop.yaml:1:11: `team-shop` may mint `/ns/shop/**`, and \
             `spiffe://example.org/ns/{k8s.namespace}/sa/{k8s.service-account}` can be something else \
             / match fixed values for what `id` puts in, or let the owner of the mint rules add one"
        ]
    );
    for (matched, id) in [
        ("k8s.namespace: '*', k8s.service-account: '*'", id),
        ("k8s.namespace: 'shop*', k8s.service-account: a", id),
        ("unix.uid: 1", "/ns/shop"),
        ("unix.uid: 1", "/ns/shopping/x"),
        ("unix.uid: 1", "/ns/shop-{k8s.namespace}/x"),
    ] {
        let found = found(shop, &entry("team-shop", matched, id));
        assert_eq!(found.len(), 1, "{matched} {id}: {found:?}");
    }
}

#[test]
fn a_wildcard_in_a_match_is_held_against_the_beginning_that_a_rule_allows() {
    let id = "/ns/{k8s.namespace}/sa/{k8s.service-account}";
    let allowed = "k8s.namespace: 'team-*', k8s.service-account: '*'";
    let file = "identity/apps.yaml";
    assert_eq!(found(file, &entry("team-apps", allowed, id)), [""; 0]);
    let refused = "k8s.namespace: ['team-*', te], k8s.service-account: '*'";
    assert_eq!(found(file, &entry("team-apps", refused, id)).len(), 1);
}

#[test]
fn a_rule_over_files_does_not_let_others_borrow_an_owners_name() {
    let stolen = entry("team-shop", "unix.uid: 1", "/ns/shop/web");
    for file in [
        "identity/other.yaml",
        "identity/shop/deeper/web.yaml",
        "elsewhere/shop.yaml",
        "identity2/shop.yaml",
        "identity/shop/../shop.yaml",
    ] {
        let found = found(file, &stolen);
        assert_eq!(found.len(), 1, "{file}");
        assert!(
            found[0].contains("no mint rule lets `team-shop` mint"),
            "{found:?}"
        );
    }
}

#[test]
fn rules_stand_in_one_file_so_that_nobody_grants_themselves() {
    let own = "
mint: [{ path: /**, owners: [me] }]
entries: [{ name: one, owner: me, match: { unix.uid: 1 }, id: spiffe://example.org/host/root }]
";
    let found = mistakes(&[("identity/mint.yaml", RULES), ("identity/z.yaml", own)]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("mint rules stand here and in `identity/mint.yaml`"));
    assert!(found[1].contains("no mint rule lets `me` mint anything"));
}

#[test]
fn a_rule_for_everybody_and_a_pattern_that_is_none_are_mistakes() {
    let everybody = mistakes(&[("m.yaml", "mint: [{ path: /a }]")]);
    assert!(everybody[0].contains("lets everybody mint its paths"));
    for path in [
        "''", "/", "a//b", "/a/**/b", "/a*b", "/a/***", "/../a", "/a/",
    ] {
        let text = format!("mint: [{{ path: {path}, owners: [a] }}]");
        let found = mistakes(&[("m.yaml", &text)]);
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        assert!(found[0].contains("is not a pattern of paths"), "{found:?}");
    }
}
