//! What stands under a name in another object: services, groups of addresses, servers and routes.

use palisade_model::{ControlKind, LinkerdTarget, NetworkPeer};
use palisade_sources::{Options, Reading, read_texts};

fn read(text: &str) -> Reading {
    read_texts(&[("all.yaml", text)], &Options::default())
}

fn peers(text: &str) -> Vec<NetworkPeer> {
    let reading = read(text);
    let policies = reading.model.controls.iter().filter_map(|control| {
        let ControlKind::Network(policy) = &control.kind else {
            return None;
        };
        policy.egress.clone()
    });
    let rules = policies.flatten();
    rules.filter_map(|rule| rule.peers).flatten().collect()
}

fn cilium(egress: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: p, namespace: ns}}\nspec: {{endpointSelector: {{}}, egress: [{egress}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: s, namespace: m, labels: {{tier: db}}}}\nspec: {{selector: {{app: a}}, ports: [{{port: 80}}]}}\n---\napiVersion: cilium.io/v2alpha1\nkind: CiliumCIDRGroup\nmetadata: {{name: g}}\nspec: {{externalCIDRs: [10.0.0.0/8, 192.0.2.1]}}\n"
    )
}

#[test]
fn a_peer_that_cannot_be_told_is_named() {
    let reading = read(&cilium("toEntities: [kube-apiserver]"));
    let messages: Vec<&str> = reading
        .diagnostics
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(
        messages,
        ["`kube-apiserver` cannot be told from the code, so this rule counts without it"]
    );
}

fn is_the_service(peers: &[NetworkPeer]) -> bool {
    matches!(peers, [NetworkPeer::Pods { namespace_names, pods, .. }]
        if *namespace_names == ["m"] && pods.to_string() == "app=a")
}

#[test]
fn services_are_the_pods_behind_them() {
    let by_name = "toServices: [{k8sService: {serviceName: s, namespace: m}}]";
    assert!(is_the_service(&peers(&cilium(by_name))));
    let by_label =
        "toServices: [{k8sServiceSelector: {selector: {matchLabels: {tier: db}}, namespace: m}}]";
    assert!(is_the_service(&peers(&cilium(by_label))));
    // Without a namespace it is that of the policy, where no such service is.
    let own = peers(&cilium("toServices: [{k8sService: {serviceName: s}}]"));
    assert!(matches!(&own[..], [NetworkPeer::Unknown { text }] if text == "service ns/s"));
}

#[test]
fn groups_are_their_addresses_without_the_exceptions() {
    let told: Vec<String> = peers(&cilium(
        "toCIDRSet: [{cidrGroupRef: g, except: [10.1.0.0/16]}]",
    ))
    .into_iter()
    .map(|peer| match peer {
        NetworkPeer::Block { cidr, except } => format!("{cidr} {}", except.len()),
        other => panic!("{other:?}"),
    })
    .collect();
    assert_eq!(told, ["10.0.0.0/8 1", "192.0.2.1/32 1"]);
    let unknown = peers(&cilium("toCIDRSet: [{cidrGroupRef: other}]"));
    assert!(matches!(&unknown[..], [NetworkPeer::Unknown { .. }]));
}

#[test]
fn the_world_of_one_address_family_is_not_all_of_it() {
    let told = peers(&cilium("toEntities: [world-ipv4]"));
    assert!(
        matches!(&told[..], [NetworkPeer::Block { cidr, .. }] if cidr.to_string() == "0.0.0.0/0")
    );
}

#[test]
fn requirements_on_peers_narrow_a_rule() {
    let reading = read(&cilium(
        "{toEndpoints: [{}], toRequires: [{matchLabels: {a: b}}]}",
    ));
    let ControlKind::Network(policy) = &reading.model.controls[0].kind else {
        panic!()
    };
    assert!(policy.egress.as_ref().unwrap()[0].narrowed);
}

const SERVERS: &str = "apiVersion: policy.linkerd.io/v1beta3\nkind: Server\nmetadata: {name: one, namespace: ns, labels: {a: b}}\nspec: {podSelector: {}, port: 80}\n---\napiVersion: policy.linkerd.io/v1beta1\nkind: Server\nmetadata: {name: two, namespace: ns, labels: {a: b}}\nspec: {podSelector: {}, port: 81}\n---\napiVersion: policy.linkerd.io/v1beta2\nkind: Server\nmetadata: {name: other, namespace: ns}\nspec: {podSelector: {}, port: 82}\n---\napiVersion: policy.linkerd.io/v1beta3\nkind: Server\nmetadata: {name: far, namespace: m, labels: {a: b}}\nspec: {podSelector: {}, port: 80}\n---\n";

fn targets(text: &str) -> Vec<LinkerdTarget> {
    let reading = read(&format!("{SERVERS}{text}"));
    let controls = reading.model.controls.iter();
    let found = controls.filter_map(|control| match &control.kind {
        ControlKind::LinkerdAuthorization(it) => Some(it.target.clone()),
        _ => None,
    });
    found.collect()
}

#[test]
fn an_authorization_by_label_is_about_every_server_with_it() {
    let told = targets(
        "apiVersion: policy.linkerd.io/v1beta1\nkind: ServerAuthorization\nmetadata: {name: a, namespace: ns}\nspec: {server: {selector: {matchLabels: {a: b}}}, client: {meshTLS: {identities: ['*']}}}\n",
    );
    let server = |name: &str| LinkerdTarget::Server {
        name: name.to_owned(),
    };
    assert_eq!(told, [server("one"), server("two")]);
}

#[test]
fn a_route_knows_its_server_whichever_group_it_is_of() {
    for group in ["policy.linkerd.io/v1beta3", "gateway.networking.k8s.io/v1"] {
        let told = targets(&format!(
            "apiVersion: {group}\nkind: HTTPRoute\nmetadata: {{name: r, namespace: ns}}\nspec: {{parentRefs: [{{group: policy.linkerd.io, kind: Server, name: one}}], rules: [{{}}]}}\n---\napiVersion: policy.linkerd.io/v1alpha1\nkind: AuthorizationPolicy\nmetadata: {{name: a, namespace: ns}}\nspec: {{targetRef: {{group: policy.linkerd.io, kind: HTTPRoute, name: r}}, requiredAuthenticationRefs: []}}\n"
        ));
        let route = LinkerdTarget::HttpRoute {
            name: "r".to_owned(),
            servers: vec!["one".to_owned()],
        };
        assert_eq!(told, [route], "{group}");
    }
}

#[test]
fn networks_keep_what_is_left_out_of_them() {
    let reading = read(
        "apiVersion: policy.linkerd.io/v1alpha1\nkind: NetworkAuthentication\nmetadata: {name: a, namespace: ns}\nspec: {networks: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}, {cidr: ::1/128}]}\n",
    );
    let ControlKind::NetworkAuthentication(it) = &reading.model.controls[0].kind else {
        panic!()
    };
    assert_eq!(it.networks, ["0.0.0.0/0 except 10.0.0.0/8", "::1/128"]);
}
