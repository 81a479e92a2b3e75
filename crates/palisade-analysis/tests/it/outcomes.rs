//! The four outcomes.

use palisade_analysis::Analysis;
use palisade_analysis::outcomes::Outcomes;

use crate::system::{app, read};

fn measure(texts: &[&str]) -> Outcomes {
    let model = read(texts);
    Outcomes::measure(&model, &Analysis::of(&model))
}

#[test]
fn an_exposed_path_is_counted_until_the_door_asks_who_calls() {
    let web = app("shop", "web", "http");
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\nspec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n";
    assert_eq!(measure(&[&web, ingress]).exposed_paths, 1);
    let asking = ingress.replace("namespace: shop}", "namespace: shop, annotations: {nginx.ingress.kubernetes.io/auth-url: 'https://a.example.org'}}");
    assert_eq!(measure(&[&web, &asking]).exposed_paths, 0);
}

#[test]
fn a_secret_in_code_and_a_token_without_end_are_static() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {password: correct-horse}\n";
    let token = "apiVersion: v1\nkind: Secret\nmetadata: {name: t, namespace: shop, annotations: {kubernetes.io/service-account.name: web}}\ntype: kubernetes.io/service-account-token\n";
    assert_eq!(measure(&[secret, token]).static_secrets, 2);
}

#[test]
fn a_deployable_is_ready_to_roll_back_when_images_stay_and_revisions_are_kept() {
    let ready = app("shop", "web", "http");
    let moving = app("shop", "web", "http").replace(":1.0.0", ":latest");
    let forgotten =
        app("shop", "web", "http").replacen("spec:\n", "spec:\n  revisionHistoryLimit: 0\n", 1);
    let stopping =
        app("shop", "web", "http").replacen("spec:\n", "spec:\n  strategy: {type: Recreate}\n", 1);
    for (text, expected) in [(ready, 1), (moving, 0), (forgotten, 0), (stopping, 0)] {
        let found = measure(&[&text]);
        assert_eq!(
            (found.rollback_ready, found.deployables),
            (expected, 1),
            "{text}"
        );
    }
}
