//! Istio's semantics, one pitfall at a time.

use palisade_analysis::mesh::{Caller, Effect, MeshView, MtlsScope, Verdict};
use palisade_model::{Model, MtlsMode};

use crate::system::{app, authorization, deployment, namespace, port, read};

const PEER: &str = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n";

/// `cart` calls `pay`, both in the mesh; `old` in `legacy` is outside.
fn shop(port_name: &str, more: &[&str]) -> Model {
    let texts = [
        namespace("shop", "istio-injection: enabled"),
        app("shop", "cart", "http"),
        app("shop", "pay", port_name),
        app("legacy", "old", "http"),
    ];
    let texts: Vec<&str> = texts
        .iter()
        .map(String::as_str)
        .chain(more.iter().copied())
        .collect();
    read(&texts)
}

fn verdict(model: &Model, from: &str) -> Verdict {
    let from = match from {
        "old" => deployment("legacy", "old"),
        name => deployment("shop", name),
    };
    let view = MeshView::of(model);
    let to = deployment("shop", "pay");
    view.authorization(Caller::Workload(&from), &to, port(8080))
        .verdict
}

fn with_policies(port_name: &str, specs: &[&str]) -> Model {
    let texts: Vec<String> = specs
        .iter()
        .enumerate()
        .map(|(at, spec)| authorization("shop", &format!("p{at}"), spec))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    shop(port_name, &texts)
}

#[test]
fn pitfall_21_without_an_allow_policy_everything_passes() {
    assert_eq!(verdict(&shop("http", &[]), "cart"), Verdict::Allowed);
    let model = with_policies(
        "http",
        &["{action: DENY, rules: [{to: [{operation: {ports: ['9']}}]}]}"],
    );
    assert_eq!(verdict(&model, "cart"), Verdict::Allowed);
}

#[test]
fn pitfall_21_an_allow_policy_without_rules_denies_everything() {
    assert_eq!(
        verdict(&with_policies("http", &["{}"]), "cart"),
        Verdict::Denied
    );
}

#[test]
fn pitfall_21_an_empty_rule_matches_everything_and_no_rule_nothing() {
    assert_eq!(
        verdict(&with_policies("http", &["{rules: [{}]}"]), "cart"),
        Verdict::Allowed
    );
    let deny = with_policies("http", &["{action: DENY}"]);
    assert_eq!(verdict(&deny, "cart"), Verdict::Allowed);
    let deny = with_policies("http", &["{action: DENY, rules: [{}]}"]);
    assert_eq!(verdict(&deny, "cart"), Verdict::Denied);
}

#[test]
fn pitfall_21_deny_comes_before_allow_and_audit_never_decides() {
    let model = with_policies("http", &["{rules: [{}]}", "{action: DENY, rules: [{}]}"]);
    assert_eq!(verdict(&model, "cart"), Verdict::Denied);
    let model = with_policies("http", &["{action: AUDIT, rules: [{}]}"]);
    assert_eq!(verdict(&model, "cart"), Verdict::Allowed);
}

#[test]
fn pitfall_21_custom_delegates_before_the_others() {
    let custom = "{action: CUSTOM, provider: {name: ask}, rules: [{}]}";
    let Verdict::Conditional(effects) = verdict(&with_policies("http", &[custom]), "cart") else {
        panic!("the provider decides");
    };
    assert_eq!(effects[0].effect, Effect::DelegatedWhen);
    let model = with_policies("http", &[custom, "{action: DENY, rules: [{}]}"]);
    assert_eq!(verdict(&model, "cart"), Verdict::Denied);
}

#[test]
fn pitfall_22_a_root_policy_holds_for_the_whole_mesh() {
    let root = authorization("istio-system", "all", "{}");
    assert_eq!(verdict(&shop("http", &[&root]), "cart"), Verdict::Denied);
    let other = authorization("bank", "all", "{}");
    assert_eq!(verdict(&shop("http", &[&other]), "cart"), Verdict::Allowed);
}

#[test]
fn pitfall_22_a_selector_limits_a_policy_to_its_pods() {
    let spec = "{selector: {matchLabels: {app: cart}}}";
    assert_eq!(
        verdict(&with_policies("http", &[spec]), "cart"),
        Verdict::Allowed
    );
    let spec = "{selector: {matchLabels: {app: pay}}}";
    assert_eq!(
        verdict(&with_policies("http", &[spec]), "cart"),
        Verdict::Denied
    );
}

#[test]
fn pitfall_22_a_target_ref_to_a_service_needs_a_waypoint() {
    let spec = "{targetRefs: [{kind: Service, group: '', name: pay}]}";
    let ambient = |label: &str| {
        let texts = [
            namespace("shop", label),
            app("shop", "cart", "http"),
            app("shop", "pay", "http"),
            authorization("shop", "pay", spec),
        ];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        verdict(&read(&texts), "cart")
    };
    assert_eq!(
        ambient("istio.io/dataplane-mode: ambient"),
        Verdict::Allowed
    );
    let with = "istio.io/dataplane-mode: ambient, istio.io/use-waypoint: way";
    assert_eq!(ambient(with), Verdict::Denied);
}

#[test]
fn pitfall_22_the_node_proxy_drops_rules_about_requests() {
    let ambient = |spec: &str| {
        let texts = [
            namespace("shop", "istio.io/dataplane-mode: ambient"),
            app("shop", "cart", "http"),
            app("shop", "pay", "http"),
            authorization("shop", "pay", spec),
        ];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        verdict(&read(&texts), "cart")
    };
    assert_eq!(
        ambient("{rules: [{to: [{operation: {methods: [GET]}}]}]}"),
        Verdict::Denied
    );
    let deny = "{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}";
    assert_eq!(ambient(deny), Verdict::Denied);
}

#[test]
fn pitfall_23_on_a_tcp_port_allow_is_dropped_and_deny_widened() {
    let allow = "{rules: [{to: [{operation: {methods: [GET]}}]}]}";
    let deny = "{action: DENY, rules: [{to: [{operation: {paths: [/admin]}}]}]}";
    assert_eq!(
        verdict(&with_policies("tcp", &[allow]), "cart"),
        Verdict::Denied
    );
    assert_eq!(
        verdict(&with_policies("tcp", &[deny]), "cart"),
        Verdict::Denied
    );
    let Verdict::Conditional(effects) = verdict(&with_policies("http", &[allow]), "cart") else {
        panic!("it depends on the method");
    };
    assert_eq!(effects[0].when.methods, ["GET"]);
    assert_eq!(effects[0].effect, Effect::AllowedWhen);
    let Verdict::Conditional(effects) = verdict(&with_policies("http", &[deny]), "cart") else {
        panic!("it depends on the path");
    };
    assert_eq!(effects[0].effect, Effect::DeniedWhen);
}

#[test]
fn pitfall_24_a_plain_text_caller_has_no_principal() {
    let positive = "{rules: [{from: [{source: {principals: ['*']}}]}]}";
    assert_eq!(
        verdict(&with_policies("http", &[positive]), "cart"),
        Verdict::Allowed
    );
    assert_eq!(
        verdict(&with_policies("http", &[positive]), "old"),
        Verdict::Denied
    );
    let negative =
        "{rules: [{from: [{source: {notPrincipals: [cluster.local/ns/shop/sa/cart]}}]}]}";
    assert_eq!(
        verdict(&with_policies("http", &[negative]), "cart"),
        Verdict::Denied
    );
    assert_eq!(
        verdict(&with_policies("http", &[negative]), "old"),
        Verdict::Allowed
    );
    let namespaces = "{rules: [{from: [{source: {namespaces: [legacy]}}]}]}";
    assert_eq!(
        verdict(&with_policies("http", &[namespaces]), "old"),
        Verdict::Denied
    );
}

#[test]
fn pitfall_24_a_principal_is_written_without_its_scheme() {
    let spec =
        "{rules: [{from: [{source: {principals: [spiffe://cluster.local/ns/shop/sa/cart]}}]}]}";
    assert_eq!(
        verdict(&with_policies("http", &[spec]), "cart"),
        Verdict::Denied
    );
}

const TOKENS: &str = "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: jwt, namespace: shop}\nspec: {jwtRules: [{issuer: https://id.example.org, jwksUri: https://id.example.org/keys}]}\n";

#[test]
fn pitfall_25_a_request_principal_needs_a_request_authentication() {
    let spec = "{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}";
    let policy = authorization("shop", "token", spec);
    assert_eq!(verdict(&shop("http", &[&policy]), "cart"), Verdict::Denied);
    let model = shop("http", &[&policy, TOKENS]);
    let Verdict::Conditional(effects) = verdict(&model, "cart") else {
        panic!("it depends on the token");
    };
    assert!(effects[0].when.needs_token());
}

#[test]
fn pitfall_25_a_request_authentication_alone_requires_no_token() {
    let pay = deployment("shop", "pay");
    let model = shop("http", &[TOKENS]);
    let view = MeshView::of(&model);
    assert!(!view.requires_request_token(&pay));
    assert!(!view.requires_identity(&pay, port(8080)));
    for spec in [
        "{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}",
        "{action: DENY, rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]}",
    ] {
        let model = shop("http", &[TOKENS, &authorization("shop", "token", spec)]);
        let view = MeshView::of(&model);
        assert!(view.requires_request_token(&pay), "{spec}");
        assert!(view.requires_identity(&pay, port(8080)), "{spec}");
    }
}

#[test]
fn pitfall_25_items_are_any_fields_and_conditions_all() {
    let spec =
        "{rules: [{from: [{source: {namespaces: [bank]}}, {source: {namespaces: [shop]}}]}]}";
    assert_eq!(
        verdict(&with_policies("http", &[spec]), "cart"),
        Verdict::Allowed
    );
    let spec = "{rules: [{from: [{source: {namespaces: [shop], principals: ['*/sa/other']}}]}]}";
    assert_eq!(
        verdict(&with_policies("http", &[spec]), "cart"),
        Verdict::Denied
    );
    let spec = "{rules: [{when: [{key: source.namespace, values: [bank]}]}]}";
    assert_eq!(
        verdict(&with_policies("http", &[spec]), "cart"),
        Verdict::Denied
    );
}

#[test]
fn pitfall_26_mutual_tls_is_inherited_from_port_to_mesh() {
    let pay = deployment("shop", "pay");
    let mesh = format!(
        "{PEER}metadata: {{name: default, namespace: istio-system}}\nspec: {{mtls: {{mode: STRICT}}}}\n"
    );
    let unset = format!(
        "{PEER}metadata: {{name: default, namespace: shop}}\nspec: {{mtls: {{mode: UNSET}}}}\n"
    );
    let own = format!(
        "{PEER}metadata: {{name: pay, namespace: shop}}\nspec: {{selector: {{matchLabels: {{app: pay}}}}, portLevelMtls: {{8080: {{mode: DISABLE}}}}}}\n"
    );
    let state = |texts: &[&str], number: i64| {
        let model = shop("http", texts);
        let state = MeshView::of(&model).mtls(&pay, Some(port(number)));
        (state.mode, state.scope)
    };
    assert_eq!(state(&[], 8080), (MtlsMode::Permissive, MtlsScope::Default));
    assert_eq!(
        state(&[&mesh, &unset], 8080),
        (MtlsMode::Strict, MtlsScope::Mesh)
    );
    let all = [mesh.as_str(), &unset, &own];
    assert_eq!(state(&all, 8080), (MtlsMode::Disable, MtlsScope::Port));
    assert_eq!(state(&all, 9090), (MtlsMode::Strict, MtlsScope::Mesh));
}

#[test]
fn pitfall_26_a_port_mode_needs_a_selector() {
    let text = format!(
        "{PEER}metadata: {{name: default, namespace: shop}}\nspec: {{portLevelMtls: {{8080: {{mode: STRICT}}}}}}\n"
    );
    let model = shop("http", &[&text]);
    let state = MeshView::of(&model).mtls(&deployment("shop", "pay"), Some(port(8080)));
    assert_eq!(state.mode, MtlsMode::Permissive);
}

#[test]
fn pitfall_26_a_client_that_turns_tls_off_breaks_a_strict_path() {
    let strict = format!(
        "{PEER}metadata: {{name: default, namespace: shop}}\nspec: {{mtls: {{mode: STRICT}}}}\n"
    );
    let rule = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: pay, namespace: shop}\nspec: {host: pay, trafficPolicy: {tls: {mode: DISABLE}}}\n";
    let (cart, pay) = (deployment("shop", "cart"), deployment("shop", "pay"));
    let model = shop("http", &[&strict]);
    assert_eq!(verdict(&model, "cart"), Verdict::Allowed);
    assert_eq!(verdict(&model, "old"), Verdict::Denied);
    let model = shop("http", &[&strict, rule]);
    assert_eq!(verdict(&model, "cart"), Verdict::Denied);
    let broken = MeshView::of(&model).broken_by(&cart, &pay, port(8080));
    assert_eq!(broken.map(|control| control.name.as_str()), Some("pay"));
}

#[test]
fn pitfall_27_an_address_of_a_caller_is_not_known_from_code() {
    let everywhere = "{rules: [{from: [{source: {ipBlocks: [0.0.0.0/0]}}]}]}";
    assert_eq!(
        verdict(&with_policies("http", &[everywhere]), "old"),
        Verdict::Allowed
    );
    let some = "{rules: [{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]}";
    let remote = "{rules: [{from: [{source: {remoteIpBlocks: [10.0.0.0/8]}}]}]}";
    let words = |spec: &str| match verdict(&with_policies("http", &[spec]), "old") {
        Verdict::Conditional(effects) => effects[0].when.other.join(""),
        other => panic!("{other:?}"),
    };
    assert!(words(some).starts_with("the peer's address"));
    assert!(words(remote).starts_with("the forwarded client address"));
}

#[test]
fn a_workload_outside_the_mesh_is_not_guarded_by_its_policies() {
    let policy = authorization("legacy", "none", "{}");
    let model = shop("http", &[&policy]);
    let view = MeshView::of(&model);
    let old = deployment("legacy", "old");
    let decision = view.authorization(Caller::Internet, &old, port(8080));
    assert_eq!(decision.verdict, Verdict::Allowed);
    assert_eq!(view.mtls(&old, None).scope, MtlsScope::OutsideMesh);
}
