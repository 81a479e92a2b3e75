//! Entries from a model.

use std::sync::Arc;

use palisade_document::SourceFile;
use palisade_enforce::{Made, TARGETS};
use palisade_identity::entries::{NoFacts, compile};
use palisade_identity::{Attributes, TrustDomain};

fn made(texts: &[(&str, &str)]) -> Made {
    let options = palisade_sources::Options {
        no_render: true,
        ..Default::default()
    };
    let reading = palisade_sources::read_texts(texts, &options);
    let target = TARGETS.iter().find(|target| target.name == "identity");
    (target.expect("the target").make)(&reading.model)
}

fn deployment(namespace: &str, name: &str, account: &str, labels: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{ name: {name}, namespace: {namespace}, labels: {{ team: {name}-team }} }}
spec:
  selector: {{ matchLabels: {{ app: x }} }}
  template:
    metadata: {{ labels: {labels} }}
    spec:
      {account}
      containers: [{{ name: a, image: a }}]
---
"
    )
}

fn text<'m>(made: &'m Made, path: &str) -> &'m str {
    let file = made.files.iter().find(|file| file.path == path);
    &file.expect(path).text
}

#[test]
fn every_workload_that_can_be_told_apart_gets_an_identity_of_its_own() {
    let system = [
        "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { palisade.dev/owner: 'on' } }\n---\n".to_owned(),
        deployment("shop", "cart", "serviceAccountName: cart", "{ app: x }"),
        deployment("shop", "web", "", "{ app: web }"),
        deployment("shop", "twin-a", "", "{ app: twin }"),
        deployment("shop", "twin-b", "", "{ app: twin }"),
        deployment("bank", "one", "serviceAccountName: shared", "{ app: 'true' }"),
        deployment("bank", "two", "serviceAccountName: shared", "{ app: y }"),
        deployment("bank", "three", "", "{ app: '007' }"),
    ]
    .concat();
    let made = made(&[("a.yaml", &system)]);
    let paths: Vec<&str> = made.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["bank.yaml", "mint_rules.yaml", "shop.yaml"]);
    assert_eq!(made.notes.len(), 2, "{:?}", made.notes);
    assert!(made.notes[0].starts_with("`shop/twin-a` has no entry: "));
    assert!(text(&made, "shop.yaml").contains("owner: \"on\"\n"));
    assert!(text(&made, "shop.yaml").contains("owner: cart-team\n"));
    assert!(text(&made, "bank.yaml").contains("label it `palisade.dev/owner`"));

    let files = made.files.iter().map(|file| {
        let path = format!("identity/{}", file.path);
        Arc::new(SourceFile::new(path, file.text.as_str()))
    });
    let own = TrustDomain::new("example.org").expect("a trust domain");
    let compiled = compile(files, Some(&own));
    assert!(!compiled.has_errors(), "{:#?}", compiled.diagnostics);
    assert_eq!(compiled.rules.0.len(), 2);
    let entries = compiled.entries(own).expect("entries");
    let given = |namespace: &str, account: &str, app: &str| -> Vec<String> {
        let mut pod = Attributes::default();
        pod.add("k8s.namespace", namespace).expect("an attribute");
        pod.add("k8s.service-account", account)
            .expect("an attribute");
        pod.add("k8s.pod-label.app", app).expect("an attribute");
        let grants = entries.resolve(&pod, &NoFacts).grants;
        grants
            .iter()
            .map(|grant| grant.id.path().to_owned())
            .collect()
    };
    assert_eq!(given("shop", "cart", "x"), ["/ns/shop/sa/cart"]);
    assert_eq!(given("shop", "default", "web"), ["/ns/shop/deployment/web"]);
    assert_eq!(given("shop", "default", "twin"), [""; 0]);
    assert_eq!(given("bank", "shared", "y"), ["/ns/bank/sa/shared"]);
    assert_eq!(
        given("bank", "default", "007"),
        ["/ns/bank/deployment/three"]
    );
    assert_eq!(given("bank", "cart", "x"), [""; 0]);
    let shared = entries
        .all()
        .iter()
        .find(|entry| entry.name.as_str() == "bank/sa/shared");
    assert_eq!(
        shared.expect("an entry").owner,
        "bank",
        "two owners share it"
    );
}

#[test]
fn a_namespace_that_is_no_path_segment_gives_no_file() {
    for namespace in ["../../etc", "a/b", "'{k8s.namespace}'", "'..'", "a b"] {
        let system = deployment(namespace, "cart", "serviceAccountName: cart", "{ app: x }");
        let made = made(&[("a.yaml", &system)]);
        assert!(made.files.is_empty(), "{namespace}: {:?}", made.files);
        assert_eq!(made.notes.len(), 1, "{namespace}");
    }
}

#[test]
fn the_same_model_gives_the_same_bytes_and_nothing_gives_no_files() {
    let system = deployment("shop", "cart", "serviceAccountName: cart", "{ app: x }");
    assert_eq!(made(&[("a.yaml", &system)]), made(&[("a.yaml", &system)]));
    assert!(made(&[]).files.is_empty());
}
