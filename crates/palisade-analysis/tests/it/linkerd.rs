//! Linkerd's inbound policy.

use palisade_analysis::mesh::{Caller, MeshView, Verdict};
use palisade_model::{Model, MtlsMode};

use crate::system::{app, deployment, port, read};

const SERVER: &str = "apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: pay, namespace: shop}
spec: {podSelector: {matchLabels: {app: pay}}, port: main}
";

const AUTHORIZATION: &str = "apiVersion: policy.linkerd.io/v1alpha1
kind: AuthorizationPolicy
metadata: {name: pay, namespace: shop}
spec:
  targetRef: {group: policy.linkerd.io, kind: Server, name: pay}
  requiredAuthenticationRefs: [{kind: ServiceAccount, name: cart}]
";

fn shop(annotation: &str, more: &[&str]) -> Model {
    let namespace = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, annotations: {{linkerd.io/inject: enabled{annotation}}}}}\n"
    );
    let texts = [
        namespace,
        app("shop", "cart", "http"),
        app("shop", "web", "http"),
        app("shop", "pay", "http"),
    ];
    let texts: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    read(&texts)
}

fn verdict(model: &Model, from: Option<&str>) -> Verdict {
    let from = from.map(|name| deployment("shop", name));
    let caller = from.as_ref().map_or(Caller::Internet, Caller::Workload);
    let pay = deployment("shop", "pay");
    MeshView::of(model)
        .authorization(caller, &pay, port(8080))
        .verdict
}

#[test]
fn without_policy_every_caller_passes_and_mutual_tls_is_not_required() {
    let model = shop("", &[]);
    assert_eq!(verdict(&model, None), Verdict::Allowed);
    let state = MeshView::of(&model).mtls(&deployment("shop", "pay"), None);
    assert_eq!(state.mode, MtlsMode::Permissive);
}

#[test]
fn the_default_policy_can_ask_for_an_identity() {
    let model = shop(
        ", config.linkerd.io/default-inbound-policy: all-authenticated",
        &[],
    );
    assert_eq!(verdict(&model, None), Verdict::Denied);
    assert_eq!(verdict(&model, Some("web")), Verdict::Allowed);
    let state = MeshView::of(&model).mtls(&deployment("shop", "pay"), None);
    assert_eq!(state.mode, MtlsMode::Strict);
}

#[test]
fn a_server_denies_what_no_authorization_allows() {
    assert_eq!(verdict(&shop("", &[SERVER]), Some("cart")), Verdict::Denied);
    let model = shop("", &[SERVER, AUTHORIZATION]);
    assert_eq!(verdict(&model, Some("cart")), Verdict::Allowed);
    assert_eq!(verdict(&model, Some("web")), Verdict::Denied);
    assert_eq!(verdict(&model, None), Verdict::Denied);
}
